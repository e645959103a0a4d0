"""Reading wantd.toml: defaults, and every refusal with its line, its key and its words."""

from contextlib import suppress
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from orchestrator.config import (
    Config,
    ConfigError,
    InputTable,
    ResourcesTable,
    SecretTable,
    find_config,
    load_config,
    read_config,
)
from orchestrator.config.units import Size

HEAD = '[application]\nname = "flights"\n'
JOB = '[[job]]\nname = "j"\noutputs = ["a/{x}"]\ncommand = ["true"]\n'
PYTHON = JOB.replace('command = ["true"]', 'python = "m:f"')
MINIMUM = """\
[application]
name = "flights"

[[job]]
name    = "daily"
outputs = ["delays/daily/date={date:date}"]
inputs  = ["flights/raw/date={date}", "weather/raw/date={date}"]
command = ["python", "jobs/daily.py"]
"""
EVERYTHING = """\
[application]
name = "flights"
state = "/var/lib/wantd"
python = ".venv/bin/python"

[pools]
default = 3
net = 2

[retry]
tries = 2
lost = 5
backoff = "500ms"
factor = 1.5
max_backoff = "2h"

[limits]
log_bytes = "64KiB"
refs_per_want = 10
grace = "3d"
max_batch_events = 7

[[job]]
name = "all"
description = "everything"
outputs = ["a/{x}", "b/{x}"]
inputs = ["in/{x}", { ref = "q/{x}", type = "query" }]
python = "jobs.all:build"
executor = "worker"
dynamic = true
batch = { max = 31, wait = "2s" }
pool = "net"
slots = 2
priority = -3
retry = { tries = 4, exit_code = 1, repeated_miss = 1 }
timeout = "1.5h"
env = { MODE = "fast" }
pass_env = ["HOME"]
secrets = { PASSWORD = { file = "/run/secrets/db" }, TOKEN = { env = "API_TOKEN" } }
resources = { memory = "2GB", open_files = 100, processes = 200, file_size = "1GiB" }
sources = ["jobs/common/*.py"]
on_code_change = "invalidate"

[[external]]
name = "in"
outputs = ["in/{x}", "q/{x}"]
description = "from outside"
"""


def read(text: str) -> Config:
    return read_config(Path("/app/wantd.toml"), text, cpus=2)


def refusal(text: str) -> ConfigError:
    with pytest.raises(ConfigError) as error:
        read(text)
    return error.value


def test_the_minimum_has_safe_defaults() -> None:
    """The example of the design would not be read, or a job would get more than it asked for."""
    config = read(MINIMUM)
    (job,) = config.jobs
    assert config.folder == Path("/app")
    assert config.state == Path("/app/.wantd")
    assert config.pools == {"default": 2}
    assert (config.limits.log_bytes, config.limits.grace, config.limits.refs_per_want) == (10**7, 10**7, 100_000)
    assert (job.env, job.pass_env, job.timeout, job.slots, job.on_code_change) == ({}, (), None, 1, "keep")


def test_every_key_can_be_written() -> None:
    """A documented key would be refused or lost."""
    config = read(EVERYTHING)
    (job,) = config.jobs
    assert config.state == Path("/var/lib/wantd")
    assert config.pools == {"default": 3, "net": 2}
    assert (config.retry.backoff, config.retry.max_backoff) == (500_000, 7_200_000_000)
    assert (config.limits.log_bytes, config.limits.grace) == (65_536, 3 * 86_400_000_000)
    assert job.inputs == ("in/{x}", InputTable("q/{x}", "query"))
    assert job.batch is not None
    assert (job.batch.max, job.batch.wait, job.timeout) == (31, 2_000_000, 5_400_000_000)
    assert job.secrets == {"PASSWORD": SecretTable(file="/run/secrets/db"), "TOKEN": SecretTable(env="API_TOKEN")}
    assert job.resources == ResourcesTable(Size(2 * 10**9), None, 100, 200, Size(2**30))
    assert config.externals[0].outputs == ("in/{x}", "q/{x}")


@pytest.mark.parametrize(
    ("text", "line", "key", "message"),
    [
        (
            "[application\n",
            1,
            "",
            "this is not TOML: Expected ']' at the end of a table declaration; see https://toml.io",
        ),
        (HEAD + "x = {", 3, "", "this is not TOML"),
        (HEAD + "n = " + "9" * 5000, 3, "", "this is not TOML"),
        (HEAD + "x = " + "[" * 5000, None, "", "the values are nested too deep; flatten them"),
        ("", None, "", "the key 'application' is missing; the file needs it"),
        ("[application]\n", 1, "application", "the key 'name' is missing; application needs it"),
        (HEAD + JOB + "[[job]]\nname = 'x'\n", 7, "job[2]", "the key 'outputs' is missing; every job needs it"),
        (HEAD + "[pool]\nnet = 1\n", 3, "pool", "there is no key 'pool'; did you mean 'pools'?"),
        (HEAD + JOB + "comand = ['x']\n", 7, "job[1].comand", "there is no key 'comand'; did you mean 'command'?"),
        (HEAD + JOB + "batch = { size = 3 }\n", 7, "job[1].batch.size", "no key 'size'; the keys here are max, wait"),
        (
            HEAD + JOB + "[job.retry]\ntrys = 3\n",
            8,
            "job[1].retry.trys",
            "there is no key 'trys'; did you mean 'tries'?",
        ),
        (HEAD + JOB + "retry.trys = 3\n", 7, "job[1].retry.trys", "did you mean 'tries'?"),
        (HEAD + JOB + "inputs = [{ref = 'a', kind = 'query'}]\n", 7, "job[1].inputs[1].kind", "there is no key 'kind'"),
        (HEAD + JOB + "slots = 'two'\n", 7, "job[1].slots", "expected a whole number, got a string"),
        (HEAD + JOB + "batch = 3\n", 7, "job[1].batch", "expected a table, got a whole number"),
        (HEAD + JOB + "inputs = [3]\n", 7, "job[1].inputs[1]", "expected a string or a table, got a whole number"),
        (HEAD + JOB + "env = { A = 1 }\n", 7, "job[1].env", "expected a string, got a whole number"),
        (HEAD + "[job]\nname = 'x'\n", 3, "job", "expected an array, got a table"),
        (HEAD + JOB + "on_code_change = 'drop'\n", 7, "job[1].on_code_change", "Invalid enum value 'drop'"),
        (HEAD + JOB + "timeout = '5 min'\n", 7, "job[1].timeout", 'expected a duration such as "500ms", "5s", "10m"'),
        (
            HEAD + "[limits]\nlog_bytes = 10\n",
            4,
            "limits.log_bytes",
            'expected a size such as "10MB" or "64KiB", got 10',
        ),
    ],
)
def test_what_is_not_in_the_schema_is_refused(text: str, line: int | None, key: str, message: str) -> None:
    """A typo would change nothing in silence, or be reported somewhere else."""
    error = refusal(text)
    assert (error.line, error.key) == (line, key)
    assert message in str(error)
    place = "/app/wantd.toml" + ("" if line is None else f":{line}")
    assert str(error).startswith(f"{place}: ")


@pytest.mark.parametrize(
    ("text", "key", "message"),
    [
        (
            "[application]\nname = 'My App'\n",
            "application.name",
            "'My App' is no application name; use a-z, 0-9 and '-'",
        ),
        (HEAD + "state = ''\n", "application.state", "'' is no path; write one, or drop the key for the default"),
        (HEAD + 'python = "a\\u0000"\n', "application.python", "is no path"),
        (HEAD + "[pools]\n'a b' = 1\n", "pools.a b", "'a b' is no pool name; use letters, digits, '_' and '-'"),
        (HEAD + "[pools]\nnet = 0\n", "pools.net", "a pool cannot have 0 slots; give it 1 to"),
        (HEAD + "[retry]\nlost = 0\n", "retry.lost", "0 tries are not possible; write 1 (no retry) to 1000"),
        (HEAD + "[retry]\nfactor = 0.5\n", "retry.factor", "waits cannot grow by 0.5; write 1.0 (equal waits) or more"),
        (HEAD + "[retry]\nfactor = inf\n", "retry.factor", "waits cannot grow by inf"),
        (
            HEAD + JOB + "retry = { repeated_miss = 2 }\n",
            "job[1].retry.repeated_miss",
            "is never retried: the job got what",
        ),
        (HEAD + "[limits]\ngrace = '0s'\n", "limits.grace", "a limit of 0 is not possible; write what comes to 1 to"),
        (HEAD + JOB.replace('"j"', '"a/b"'), "job[1].name", "'a/b' is no name; use letters, digits, '_' and '-'"),
        (HEAD + JOB + JOB, "job[2].name", "the name 'j' is taken by job 1; names of jobs and externals are unique"),
        (HEAD + JOB + "[[external]]\nname='j'\noutputs=['b']\n", "external[1].name", "the name 'j' is taken by job 1"),
        (HEAD + "[[external]]\nname='e'\noutputs=[]\n", "external[1].outputs", "there is no output; name at least one"),
        (HEAD + JOB.replace('"a/{x}"', ""), "job[1].outputs", "there is no output; name at least one pattern of refs"),
        (
            HEAD + "[[job]]\nname = 'j'\noutputs = ['a']\n",
            "job[1]",
            "job 'j' has neither command nor python; give exactly",
        ),
        (HEAD + JOB + "python = 'a:b'\n", "job[1]", "job 'j' has both command and python; give exactly one"),
        (HEAD + JOB.replace('"true"', ""), "job[1].command", 'names no program; write command = ["program"'),
        (HEAD + JOB + "configure = ['']\n", "job[1].configure", "the argv list names no program; write configure ="),
        (HEAD + JOB.replace("true", "a\\u0000"), "job[1].command", "holds a NUL; no program can take it"),
        (
            HEAD + JOB.replace('command = ["true"]', "python = 'jobs/x.py'"),
            "job[1].python",
            'is no function; write "module',
        ),
        (HEAD + JOB + "executor = 'inline'\n", "job[1].executor", "only a python job has an executor; drop it"),
        (
            HEAD + JOB + "configure = ['x']\ninputs = ['y']\n",
            "job[1].configure",
            "job 'j' has both inputs and configure",
        ),
        (HEAD + JOB + "slots = 0\n", "job[1].slots", "a job cannot take 0 slots; write 1 or more"),
        (HEAD + JOB + f"priority = {10**30}\n", "job[1].priority", "is out of range; write -9007199254740992 to"),
        (
            HEAD + JOB + "timeout = '99999d'\n",
            "job[1].timeout",
            "expected a duration of at most 100 years, got '99999d'",
        ),
        (HEAD + JOB + "batch = { max = 0 }\n", "job[1].batch", "a batch cannot hold 0 refs; write max = 1 to"),
        (HEAD + JOB + "timeout = '0s'\n", "job[1].timeout", "a timeout of nothing stops every run; write a duration"),
        (HEAD + JOB + "pool = 'net'\n", "job[1].pool", "there is no pool 'net'; the pools are default; add it"),
        (
            HEAD + JOB + "slots = 3\n",
            "job[1].slots",
            "takes 3 slots, but pool 'default' has 2: it could never run; lower",
        ),
        (HEAD + JOB + "env = { 'A B' = '' }\n", "job[1].env", "'A B' is no environment variable; use letters, digits"),
        (HEAD + JOB + "pass_env = ['WANTD_CONTEXT']\n", "job[1].pass_env", "'WANTD_CONTEXT' is ours; names beginning"),
        (
            HEAD + JOB + "env = {A='1'}\npass_env = ['A']\n",
            "job[1].pass_env",
            "'A' is given in env and passed on too; drop",
        ),
        (
            HEAD + JOB + "secrets = {'A B' = {file = 'x'}}\n",
            "job[1].secrets",
            "'A B' is no name of a secret; use letters, digits",
        ),
        (HEAD + JOB + "secrets = {WANTD_A = {file = 'x'}}\n", "job[1].secrets", "'WANTD_A' is ours; names beginning"),
        (
            HEAD + JOB + "secrets = {A = {file = 'x', env = 'Y'}}\n",
            "job[1].secrets",
            "the secret 'A' has to come from one place; write A = { file",
        ),
        (HEAD + JOB + "secrets = {A = {}}\n", "job[1].secrets", "the secret 'A' has to come from one place"),
        (HEAD + JOB + "secrets = {A = {file = ''}}\n", "job[1].secrets", "the secret 'A' has to come from one place"),
        (
            HEAD + JOB + 'secrets = {A = {env = "A=B"}}\n',
            "job[1].secrets",
            "where the secret 'A' comes from is no place",
        ),
        (
            HEAD + JOB + "secrets = {A = {flie = 'x'}}\n",
            "job[1].secrets.flie",
            "there is no key 'flie'; did you mean 'file'?",
        ),
        (
            HEAD + JOB + "secrets = {A = {file = 'x'}}\nenv = {A_FILE = 'y'}\n",
            "job[1].secrets",
            "'A_FILE' is where the job finds its secret 'A', and is given otherwise too; drop one",
        ),
        (
            HEAD + PYTHON + "executor = 'inline'\nsecrets = {A = {file = 'x'}}\n",
            "job[1].secrets",
            "an inline job sees all of the daemon's environment; drop the key",
        ),
        (
            HEAD + JOB + "resources = {memory = 5}\n",
            "job[1].resources.memory",
            'expected a size such as "10MB" or "64KiB"',
        ),
        (
            HEAD + JOB + "resources = {memory = '0B'}\n",
            "job[1].resources.memory",
            "a limit of 0 is not possible; write",
        ),
        (
            HEAD + JOB + "resources = {ram = '1MB'}\n",
            "job[1].resources.ram",
            "there is no key 'ram'; the keys here are",
        ),
        (
            HEAD + JOB + "resources = {open_files = -1}\n",
            "job[1].resources.open_files",
            "a limit of -1 is not possible",
        ),
        (HEAD + PYTHON + "resources = {cpu = '1s'}\n", "job[1].resources.cpu", "a worker serves many JobRuns"),
        (
            HEAD + PYTHON + "executor = 'inline'\nresources = {memory = '1GB'}\n",
            "job[1].resources",
            "an inline job is a part of the daemon; drop the key",
        ),
        (HEAD + JOB + 'env = {A="\\u0000"}\n', "job[1].env", "the value of 'A' holds a NUL; no process can take it"),
        (
            HEAD + JOB + "sources = ['../x.py']\n",
            "job[1].sources",
            "'../x.py' leads out of the folder; write globs within",
        ),
        (HEAD + JOB + "sources = ['a**']\n", "job[1].sources", "'a**' is no glob; '**' stands for any folders"),
    ],
)
def test_what_cannot_work_is_refused(text: str, key: str, message: str) -> None:
    """A mistake would be found when the job runs, or never."""
    error = refusal(text)
    assert error.key == key
    assert error.line is not None
    assert message in str(error)


@settings(max_examples=500)
@given(
    st.integers(0, len(EVERYTHING)),
    st.integers(0, 20),
    st.text(st.sampled_from("\n\t []{}='\"#.,ax10-é\0"), max_size=10),
)
def test_a_damaged_file_is_refused_and_no_more(place: int, length: int, text: str) -> None:
    """A slip of the keyboard would end in a traceback."""
    with suppress(ConfigError):
        read(EVERYTHING[:place] + text + EVERYTHING[place + length :])


def test_the_line_is_found_among_comments_and_many_jobs() -> None:
    """The user would be sent to the wrong line."""
    text = HEAD + "\n# slots = 9\n" + JOB + "  # more\n\n" + JOB.replace('"j"', '"k"') + "slots = 0 # none\n"
    error = refusal(text)
    assert error.line is not None
    assert text.splitlines()[error.line - 1] == "slots = 0 # none"


def test_find_prefers_option_then_variable_then_upwards(tmp_path: Path) -> None:
    """A command would work on another application than the one meant."""
    deep = tmp_path / "app" / "jobs"
    deep.mkdir(parents=True)
    for name in ("app/wantd.toml", "option.toml", "variable.toml"):
        (tmp_path / name).touch()
    env = {"WANTD_CONFIG": str(tmp_path / "variable.toml")}
    assert find_config(Path("../../option.toml"), env, deep).resolve() == tmp_path / "option.toml"
    assert find_config(None, env, deep) == tmp_path / "variable.toml"
    assert find_config(None, {"WANTD_CONFIG": ""}, deep) == tmp_path / "app/wantd.toml"


@pytest.mark.parametrize(
    ("explicit", "env", "message"),
    [
        (Path("no.toml"), {}, "there is no such file, but --config names it; correct or drop it"),
        (None, {"WANTD_CONFIG": "no.toml"}, "there is no such file, but $WANTD_CONFIG names it; correct or drop it"),
        (None, {}, "there is no wantd.toml here or in a folder above; go to your application"),
    ],
)
def test_not_found(tmp_path: Path, explicit: Path | None, env: dict[str, str], message: str) -> None:
    """A new user in the wrong folder would not learn what to do."""
    with pytest.raises(ConfigError) as error:
        find_config(explicit, env, tmp_path)
    assert message in str(error.value)


def test_a_file_is_loaded(tmp_path: Path) -> None:
    """What is read from disk would differ from the text."""
    path = tmp_path / "wantd.toml"
    path.write_text(MINIMUM)
    assert load_config(path, cpus=4).pools == {"default": 4}


def test_a_file_that_is_no_text_is_refused(tmp_path: Path) -> None:
    """A wrong --config would end in a traceback."""
    path = tmp_path / "wantd.toml"
    with pytest.raises(ConfigError, match="the file cannot be read: No such file or directory; check its path"):
        load_config(path, cpus=1)
    path.write_bytes(b"ok = 1\nx = \xff")
    with pytest.raises(ConfigError, match=r"wantd\.toml:2: the file is not UTF-8 text; save it as UTF-8"):
        load_config(path, cpus=1)
    path.write_bytes(b"#" * (4 * 2**20 + 1))
    with pytest.raises(ConfigError, match="the file has more than 4194304 bytes; is it the right one"):
        load_config(path, cpus=1)
