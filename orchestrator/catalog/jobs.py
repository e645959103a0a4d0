"""What the engine knows of a job and of an external: everything resolved, nothing left to look up.

Times are whole microseconds. Source: design sections 4 (retries), 7 and 10.
"""

from collections.abc import Iterable
from math import ceil, log
from pathlib import Path
from typing import Literal

from msgspec import Struct
from msgspec.structs import asdict

from orchestrator.config import FAILURE_CLASSES, ExternalTable, JobTable, ResourcesTable, RetryTable, SecretTable
from statemachines.failure import FailureClass
from statemachines.ids import SECOND_US
from statemachines.refs import Ref

DEFAULT_TRIES = 1
DEFAULT_LOST_TRIES = 3
DEFAULT_BACKOFF_US = 10_000_000
DEFAULT_MAX_BACKOFF_US = 600_000_000
DEFAULT_FACTOR = 2.0

ExecutorKind = Literal["process", "worker", "inline"]
InputKind = Literal["materialize", "query"]


class Input(Struct, frozen=True):
    """A ref that is needed: ``materialize`` has it built, ``query`` only asks that it is there."""

    ref: Ref
    kind: InputKind


def each_once(needs: Iterable[tuple[Ref, InputKind]]) -> tuple[Input, ...]:
    """The inputs that these are, in their order, without doubles; materialize wins over query."""
    kinds: dict[Ref, InputKind] = {}
    for ref, kind in needs:
        if kinds.get(ref) != "materialize":
            kinds[ref] = kind
    return tuple(Input(ref, kind) for ref, kind in kinds.items())


class Retry(Struct, frozen=True):
    """How often a job is tried, by failure class, and how long to wait in between."""

    tries: dict[FailureClass, int]
    first_us: int
    factor: float
    max_us: int

    def tries_for(self, failure_class: FailureClass) -> int:
        """Return how many tries there are in all before a failure of this class is final; 1 means no retry."""
        return self.tries[failure_class]

    def backoff_us(self, failures: int) -> int:
        """Return the wait after so many failures in a row (at least 1)."""
        assert failures >= 1, "there is no wait before the first try"
        # Compared as logarithms, since the power itself may be too large for a float.
        if self.first_us == 0 or self.first_us >= self.max_us:
            return min(self.first_us, self.max_us)
        if (failures - 1) * log(self.factor) >= log(self.max_us / self.first_us):
            return self.max_us
        return min(round(self.first_us * self.factor ** (failures - 1)), self.max_us)


class Resources(Struct, frozen=True, omit_defaults=True):
    """What each process of a job may take at most; None where nothing was said."""

    memory: int | None = None
    cpu_s: int | None = None
    open_files: int | None = None
    processes: int | None = None
    file_size: int | None = None

    def limits(self) -> dict[str, int]:
        """Return what was said, by name."""
        return {name: most for name, most in asdict(self).items() if most is not None}


class Job(Struct, frozen=True):
    """What can be run."""

    name: str
    outputs: tuple[str, ...]
    command: tuple[str, ...] | None
    """The argv of a process job; None for a Python job."""
    python: str | None
    """``module:function`` of a Python job; None for a process job."""
    executor: ExecutorKind
    configure: tuple[str, ...] | None
    dynamic: bool
    batch_max: int
    batch_wait_us: int
    pool: str
    slots: int
    priority: int
    retry: Retry
    timeout_us: int | None
    env: dict[str, str]
    pass_env: tuple[str, ...]
    secrets: dict[str, SecretTable]
    """By name, where each comes from; never what it is."""
    resources: Resources
    on_code_change: Literal["keep", "invalidate"]
    fingerprint: str
    description: str


class External(Struct, frozen=True):
    """Where data comes from that no job makes."""

    name: str
    outputs: tuple[str, ...]
    description: str


def make_job(table: JobTable, retry: RetryTable, fingerprint: str, folder: Path) -> Job:
    """Resolve a job's table against the ``[retry]`` and the folder of its application."""
    return Job(
        name=table.name,
        outputs=table.outputs,
        command=table.command,
        python=table.python,
        executor="process" if table.command is not None else table.executor or "worker",
        configure=table.configure,
        dynamic=table.dynamic,
        batch_max=table.batch.max if table.batch else 1,
        batch_wait_us=int(table.batch.wait) if table.batch else 0,
        pool=table.pool,
        slots=table.slots,
        priority=table.priority,
        retry=make_retry(table.retry, retry),
        timeout_us=None if table.timeout is None else int(table.timeout),
        env=table.env,
        pass_env=table.pass_env,
        secrets={name: _resolved(secret, folder) for name, secret in table.secrets.items()},
        resources=make_resources(table.resources),
        on_code_change=table.on_code_change,
        fingerprint=fingerprint,
        description=table.description,
    )


def _resolved(secret: SecretTable, folder: Path) -> SecretTable:
    return secret if secret.file is None else SecretTable(file=str(folder / secret.file))


def make_resources(table: ResourcesTable) -> Resources:
    """Take over a table; the kernel counts processor time in whole seconds, so it is rounded up."""
    said = {key: int(most) for key, most in asdict(table).items() if most is not None}
    if "cpu" in said:
        said["cpu_s"] = ceil(said.pop("cpu") / SECOND_US)
    return Resources(**said)


def make_external(table: ExternalTable) -> External:
    """Take over an external's table."""
    return External(name=table.name, outputs=table.outputs, description=table.description)


def make_retry(own: RetryTable, general: RetryTable) -> Retry:
    """Resolve a policy: what a job says itself comes first, and of one table a class before ``tries``."""
    first = own.backoff if own.backoff is not None else general.backoff
    factor = own.factor if own.factor is not None else general.factor
    longest = own.max_backoff if own.max_backoff is not None else general.max_backoff
    return Retry(
        tries={failure_class: _tries(failure_class, own, general) for failure_class in FAILURE_CLASSES},
        first_us=int(first if first is not None else DEFAULT_BACKOFF_US),
        factor=factor if factor is not None else DEFAULT_FACTOR,
        max_us=int(longest if longest is not None else DEFAULT_MAX_BACKOFF_US),
    )


def _tries(failure_class: FailureClass, own: RetryTable, general: RetryTable) -> int:
    if failure_class == "repeated_miss":
        return 1
    for table in (own, general):
        said: int | None = getattr(table, failure_class)
        if said is None and failure_class != "lost":
            said = table.tries
        if said is not None:
            return said
    return DEFAULT_LOST_TRIES if failure_class == "lost" else DEFAULT_TRIES
