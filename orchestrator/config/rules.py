"""What the keys of a configuration must be, beyond their types, and what they must agree on.

Each rule looks at one table and yields what it finds, place by place; the first finding refuses the file.
"""

import re
from collections.abc import Iterator, Mapping
from itertools import chain
from math import isfinite

from msgspec.structs import asdict

from orchestrator.config.listening import parse_address
from orchestrator.config.outward import check_outward
from orchestrator.config.source import Finding, Source, Where
from orchestrator.config.tables import (
    FAILURE_CLASSES,
    ApiTable,
    Application,
    ExternalTable,
    JobTable,
    Limits,
    RetryTable,
    Tables,
)

TRIES_MAX = 1_000
NUMBER_MAX = 2**53
"""The largest whole number that every reader of JSON takes exactly; the log holds what is configured here."""

_NAME = re.compile("[a-z0-9-]+")
_POOL = re.compile("[A-Za-z0-9_-]+")
_VARIABLE = re.compile("[A-Za-z_][A-Za-z0-9_]*")
_HOST = re.compile(r"([a-z0-9]([a-z0-9.-]*[a-z0-9])?|\[[0-9a-f:.]+\])(:[0-9]{1,5})?")
_FUNCTION = re.compile(r"[A-Za-z_]\w*(\.[A-Za-z_]\w*)*:[A-Za-z_]\w*", re.ASCII)


def check_tables(tables: Tables, pools: Mapping[str, int], source: Source) -> None:
    """Raise ConfigError for the first rule that the file breaks; ``pools`` are all pools there are."""
    for where, why, hint in _findings(tables, pools):
        raise source.error(where, why, hint)


def _findings(tables: Tables, pools: Mapping[str, int]) -> Iterator[Finding]:
    yield from _application(tables.application)
    yield from _pools(tables.pools)
    yield from _retry(tables.retry, ("retry",))
    yield from _limits(tables.limits)
    yield from _api(tables.api)
    yield from _names(tables)
    for number, job in enumerate(tables.job):
        rules = (_outputs, _program, _inputs, _slots, _environment, _secrets, _resources, _sources)
        yield from chain.from_iterable(rule(job, ("job", number)) for rule in rules)
        yield from _pool(job, ("job", number), pools)
        yield from _retry(job.retry, ("job", number, "retry"))
    for number, external in enumerate(tables.external):
        yield from _outputs(external, ("external", number))
    yield from check_outward(tables.outward)


def _application(application: Application) -> Iterator[Finding]:
    if not _NAME.fullmatch(application.name):
        yield ("application", "name"), f"{application.name!r} is no application name", "use a-z, 0-9 and '-'"
    for key in ("state", "python"):
        value = getattr(application, key)
        if not value or not value.isprintable():
            yield ("application", key), f"{value!r} is no path", "write one, or drop the key for the default"


def _pools(pools: dict[str, int]) -> Iterator[Finding]:
    for name, slots in pools.items():
        if not _POOL.fullmatch(name):
            yield ("pools", name), f"{name!r} is no pool name", "use letters, digits, '_' and '-'"
        if not 1 <= slots <= NUMBER_MAX:
            yield ("pools", name), f"a pool cannot have {slots} slots", f"give it 1 to {NUMBER_MAX}"


def _retry(retry: RetryTable, where: Where) -> Iterator[Finding]:
    if retry.repeated_miss not in {None, 1}:
        why = "a repeated miss is never retried: the job got what it asked for and asked again"
        yield (*where, "repeated_miss"), why, "drop the key"
    for key in ("tries", *FAILURE_CLASSES):
        tries: int | None = getattr(retry, key)
        if tries is not None and not 1 <= tries <= TRIES_MAX:
            yield (*where, key), f"{tries} tries are not possible", f"write 1 (no retry) to {TRIES_MAX}"
    if retry.factor is not None and not (isfinite(retry.factor) and retry.factor >= 1):
        yield (*where, "factor"), f"waits cannot grow by {retry.factor}", "write 1.0 (equal waits) or more"


def _limits(limits: Limits) -> Iterator[Finding]:
    for key, value in asdict(limits).items():
        if not 1 <= value <= NUMBER_MAX:
            yield ("limits", key), f"a limit of {value} is not possible", f"write what comes to 1 to {NUMBER_MAX}"


def _api(api: ApiTable) -> Iterator[Finding]:
    address = None if api.listen is None else parse_address(api.listen)
    if api.listen is not None and address is None:
        yield ("api", "listen"), f"{api.listen!r} is no address and port", 'write "127.0.0.1:4747" or "[::1]:4747"'
    if (api.certificate is None) != (api.key is None):
        given = "certificate" if api.key is None else "key"
        yield ("api", given), "a certificate and its key belong together", "give both, or neither"
    is_covered = api.certificate is not None or api.behind_proxy
    if address is not None and not address.is_loopback and not is_covered:
        why = f"{api.listen} can be reached by other machines, and tokens would go there in clear"
        hint = "give certificate and key, or say behind_proxy = true where a proxy does TLS, or listen on 127.0.0.1"
        yield ("api", "listen"), why, hint
    for number, host in enumerate(api.hosts):
        if not _HOST.fullmatch(host):
            yield ("api", "hosts", number), f"{host!r} is no host", 'write it as browsers do: "wantd.example.com:8443"'


def _names(tables: Tables) -> Iterator[Finding]:
    seen: dict[str, str] = {}
    named: list[tuple[Where, str]] = [(("job", number), job.name) for number, job in enumerate(tables.job)]
    named += [(("external", number), external.name) for number, external in enumerate(tables.external)]
    for where, name in named:
        place = f"{where[0]} {int(where[1]) + 1}"
        if not _POOL.fullmatch(name):
            yield (*where, "name"), f"{name!r} is no name", "use letters, digits, '_' and '-'"
        if name in seen:
            yield (
                (*where, "name"),
                f"the name {name!r} is taken by {seen[name]}",
                "names of jobs and externals are unique",
            )
        seen[name] = place


# ------------------------------------------------------------------------------------------------------- rules of a job


def _outputs(table: JobTable | ExternalTable, where: Where) -> Iterator[Finding]:
    if not table.outputs:
        yield (*where, "outputs"), "there is no output", "name at least one pattern of refs"


def _program(job: JobTable, where: Where) -> Iterator[Finding]:
    if (job.command is None) == (job.python is None):
        count = "neither command nor python" if job.command is None else "both command and python"
        yield (
            where,
            f"job {job.name!r} has {count}",
            'give exactly one: command = ["prog", ...] or python = "module:function"',
        )
    for key, argv in (("command", job.command), ("configure", job.configure)):
        if argv is not None and (not argv or not argv[0]):
            yield (*where, key), "the argv list names no program", f'write {key} = ["program", "argument", ...]'
        if argv is not None and any("\0" in word for word in argv):
            yield (*where, key), "a word of the argv list holds a NUL", "no program can take it"
    if job.python is not None and not _FUNCTION.fullmatch(job.python):
        yield (*where, "python"), f"{job.python!r} is no function", 'write "module:function", as in "jobs.daily:build"'
    if job.executor is not None and job.python is None:
        yield (*where, "executor"), "only a python job has an executor", "drop it: a command runs as a process"


def _inputs(job: JobTable, where: Where) -> Iterator[Finding]:
    if job.configure is not None and job.inputs:
        why = f"job {job.name!r} has both inputs and configure"
        yield (*where, "configure"), why, "configure answers with the inputs: drop one of the two"


def _slots(job: JobTable, where: Where) -> Iterator[Finding]:
    if job.slots < 1:
        yield (*where, "slots"), f"a job cannot take {job.slots} slots", "write 1 or more"
    if abs(job.priority) > NUMBER_MAX:
        yield (*where, "priority"), f"{job.priority} is out of range", f"write -{NUMBER_MAX} to {NUMBER_MAX}"
    if job.batch is not None and not 1 <= job.batch.max <= NUMBER_MAX:
        yield (*where, "batch"), f"a batch cannot hold {job.batch.max} refs", f"write max = 1 to {NUMBER_MAX}"
    if job.timeout is not None and job.timeout < 1:
        yield (*where, "timeout"), "a timeout of nothing stops every run", "write a duration, or drop it"


def _pool(job: JobTable, where: Where, pools: Mapping[str, int]) -> Iterator[Finding]:
    if job.pool not in pools:
        yield (
            (*where, "pool"),
            f"there is no pool {job.pool!r}",
            f"the pools are {', '.join(pools)}; add it under [pools]",
        )
    elif job.slots > pools[job.pool]:
        why = (
            f"job {job.name!r} takes {job.slots} slots, but pool {job.pool!r} has {pools[job.pool]}: it could never run"
        )
        yield (*where, "slots"), why, "lower its slots or widen the pool under [pools]"


def _environment(job: JobTable, where: Where) -> Iterator[Finding]:
    for key, names in (("env", tuple(job.env)), ("pass_env", job.pass_env)):
        for name in names:
            if not _VARIABLE.fullmatch(name):
                yield (*where, key), f"{name!r} is no environment variable", "use letters, digits and '_'"
            if name.startswith("WANTD_"):
                yield (*where, key), f"{name!r} is ours", "names beginning with WANTD_ belong to the job contract"
    for name in job.pass_env:
        if name in job.env:
            yield (*where, "pass_env"), f"{name!r} is given in env and passed on too", "drop one of the two"
    for name, value in job.env.items():
        if "\0" in value:
            yield (*where, "env"), f"the value of {name!r} holds a NUL", "no process can take it"


def _secrets(job: JobTable, where: Where) -> Iterator[Finding]:
    for name, secret in job.secrets.items():
        given = f"{name}_FILE"
        if not _VARIABLE.fullmatch(name):
            yield (*where, "secrets"), f"{name!r} is no name of a secret", "use letters, digits and '_'"
        if name.startswith("WANTD_"):
            yield (*where, "secrets"), f"{name!r} is ours", "names beginning with WANTD_ belong to the job contract"
        if given in job.env or given in job.pass_env:
            why = f"{given!r} is where the job finds its secret {name!r}, and is given otherwise too"
            yield (*where, "secrets"), why, "drop one of the two"
        if (secret.file is None) == (secret.env is None) or "" in {secret.file, secret.env}:
            hint = f'write {name} = {{ file = "path" }} or {name} = {{ env = "VARIABLE" }}'
            yield (*where, "secrets"), f"the secret {name!r} has to come from one place", hint
        if "\0" in f"{secret.file}{secret.env}" or "=" in (secret.env or ""):
            yield (*where, "secrets"), f"where the secret {name!r} comes from is no place", "correct it"
    if job.secrets and job.executor == "inline":
        yield (*where, "secrets"), "an inline job sees all of the daemon's environment", "drop the key, or the executor"


def _resources(job: JobTable, where: Where) -> Iterator[Finding]:
    said = {key: value for key, value in asdict(job.resources).items() if value is not None}
    for key, value in said.items():
        if not 1 <= value <= NUMBER_MAX:
            why = f"a limit of {value} is not possible"
            yield (*where, "resources", key), why, f"write what comes to 1 to {NUMBER_MAX}, or drop it"
    if said and job.executor == "inline":
        yield (*where, "resources"), "an inline job is a part of the daemon", "drop the key, or the executor"
    if "cpu" in said and job.python is not None:
        why = "a worker serves many JobRuns, and the time it takes is counted in one"
        yield (*where, "resources", "cpu"), why, "drop it and set a timeout, or make the job a command"


def _sources(job: JobTable, where: Where) -> Iterator[Finding]:
    for glob in job.sources:
        if not glob or glob.startswith("/") or ".." in glob.split("/") or "\0" in glob:
            yield (*where, "sources"), f"{glob!r} leads out of the folder", 'write globs within it: "jobs/common/*.py"'
        elif any("**" in part and part != "**" for part in glob.split("/")):
            yield (*where, "sources"), f"{glob!r} is no glob", "'**' stands for any folders and takes a whole segment"
