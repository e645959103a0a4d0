"""The port of executors: what is asked of them, and the facts they report.

Invariants every executor keeps (one conformance suite checks them):

- ``start`` and ``stop`` only queue; facts arrive later, in batches, through the sink, on the thread of the event loop.
- A run id is started at most once, for ever. Starting it again only repeats what is known about it.
- Facts may be repeated; they are never invented. Of one run at most one ending is ever told.
- What ended stays in the survey until ``settled`` says that the end is committed to the log.

It decides nothing: which run to start, and what an ending means for partitions, is for the floors above.

Source: design sections 3 (laws 1, 2, 5), 5 (ports) and 7 (the job contract).
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Literal, Protocol

import msgspec

from orchestrator.observations import Exit

__all__ = [
    "Call",
    "Command",
    "Executor",
    "ExecutorError",
    "Exit",
    "Fact",
    "InlineStart",
    "KeptStart",
    "RunEnded",
    "RunStarted",
    "Sink",
    "StaleEpoch",
    "StartRun",
    "StopRun",
    "Survey",
]


class Command(msgspec.Struct, frozen=True, tag_field="how", tag="process"):
    """Work that is a process of its own."""

    argv: tuple[str, ...]


class Call(msgspec.Struct, frozen=True, tag_field="how", tag="worker"):
    """Work that is a call of a Python function in a warm worker process.

    ``function`` is ``module:function``, looked up in the folder of the start first. Workers are shared by runs that
    agree in python, module, folder, environment and ``fingerprint`` (what the code is: a worker never serves two
    versions of it).
    """

    python: str
    function: str
    fingerprint: str


class KeptStart(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Start one JobRun in a keeper.

    It begins once ``slots`` of the ``pool_size`` slots of its pool are free; until then it waits in line.
    ``env`` is the complete environment, but for the marks of the run and its keeper and the paths of its files.
    ``files`` is how these begin (``keeper.files``); ``folders`` have to be there when it begins. ``context`` is what
    the job is told; what it says comes back with its end, of too long a report just more than ``report_bytes_max``. All
    paths are absolute. The run gets ``grace_s`` between the request to end and the kill. ``limits`` go by the names of
    ``keeper.limits``. No log, no report and no message holds one of the ``masked`` values.
    """

    run: str
    work: Command | Call
    pool: str
    pool_size: int
    slots: int
    cwd: str
    env: Mapping[str, str]
    files: str
    folders: tuple[str, ...]
    context: str
    report_bytes_max: int
    log_bytes_max: int
    timeout_s: float | None
    grace_s: float
    limits: Mapping[str, int] = {}
    secrets: Mapping[str, bytes] = {}
    masked: tuple[bytes, ...] = ()

    def __repr__(self) -> str:
        """Name the run: its environment may hold secrets."""
        return f"KeptStart({self.run!r})"


class InlineStart(msgspec.Struct, frozen=True):
    """Start one JobRun as a call in the daemon's own process: for work of microseconds that may be repeated.

    It ends with exit code 0 when ``function`` returns. It is lost with the daemon, cannot be interrupted, and its
    output is not captured.
    """

    run: str
    function: Callable[[], object]


StartRun = KeptStart | InlineStart


class StopRun(msgspec.Struct, frozen=True):
    """Ask a run to end: TERM to everything it started, its grace, then KILL. Confirmed by its ending."""

    run: str


class RunStarted(msgspec.Struct, frozen=True, tag=True):
    """The run is running: a fact. ``at_us`` is wall-clock time in microseconds."""

    run: str
    at_us: int
    pid: int


class RunEnded(msgspec.Struct, frozen=True, tag=True):
    """The run has ended and nothing of it runs any more: a fact."""

    run: str
    exit: Exit


Fact = RunStarted | RunEnded
Sink = Callable[[Sequence[Fact]], None]
Survey = Mapping[str, Literal["running"] | Exit]
"""Every run that was ever claimed and is not settled. A run that is not in it was never started."""


class Executor(Protocol):
    """Runs JobRuns somewhere."""

    async def open(self, sink: Sink) -> Survey:
        """Take over what an earlier daemon left and say how it stands; from now on facts go to the sink."""
        ...

    def start(self, runs: Sequence[StartRun]) -> None:
        """Queue starts. Their events are committed before (law 2)."""
        ...

    def stop(self, runs: Sequence[StopRun]) -> None:
        """Queue requests to end. A run that is not known is passed over."""
        ...

    def ahead(self) -> Mapping[str, int]:
        """Say how many slots' worth of runs beyond the size of a pool may be started now, so that none stands idle.

        They wait in line, for no longer than a moment as far as the last moment tells.
        """
        ...

    def settled(self, runs: Sequence[str]) -> None:
        """Say that the ends of these runs are committed to the log: their records may go."""
        ...

    async def close(self) -> None:
        """Let go. Runs that outlive the daemon go on."""
        ...


class ExecutorError(Exception):
    """An executor cannot do its work. The message says what is wrong, where, and what to do."""


class StaleEpoch(ExecutorError):
    """A newer daemon has taken over this state directory; this one must not start or stop anything any more."""
