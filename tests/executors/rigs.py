"""What tests of executors share: a sink that can be awaited, ways to make runs, and an end to all keepers."""

import asyncio
import contextlib
import os
import signal
import sys
import threading
import time
from collections.abc import Callable, Container, Mapping, Sequence
from pathlib import Path
from typing import Any, Protocol

from orchestrator.executors.base import (
    Call,
    Command,
    Executor,
    Exit,
    Fact,
    InlineStart,
    KeptStart,
    RunEnded,
    RunStarted,
    StartRun,
)
from orchestrator.executors.keeper import procfs
from orchestrator.executors.keeper import wire as keeper_wire
from orchestrator.executors.keeper.files import RunFiles
from orchestrator.executors.keeper.journal import NAME, read_journal
from orchestrator.executors.keeper.wire import Pool, Request
from orchestrator.executors.local import LocalExecutor
from orchestrator.executors.scripted import ScriptedExecutor
from orchestrator.executors.survey import is_alive, read_dead

ROOT = Path(__file__).parents[2]
PATIENCE_S = 20.0
CONTEXT = (
    '{"run": "r", "attempt": 1, "job": "j", "environment": "local", "version": "v", '
    '"deadline": null, "args": [], "outputs": [], "inputs": []}'
)


POOL = Pool("default", 4)


def request(run: str, pool: Pool = POOL, slots: int = 1, place: str = "/nowhere/run") -> Request:
    """What a keeper is asked for."""
    work, files = keeper_wire.Command(["true"]), RunFiles(place)
    return Request(run, work, pool, slots, "/", {}, files, [], CONTEXT, 1 << 20, 4096, None, 1.0, {}, {}, ())


class Seen:
    """A sink that remembers facts and wakes who waits for them."""

    def __init__(self) -> None:
        self.facts: list[Fact] = []
        self._ends: dict[str, Exit] = {}
        self.batches = 0
        self.threads: set[int] = set()
        self._news = asyncio.Event()

    def __call__(self, facts: Sequence[Fact]) -> None:
        self.batches += 1
        self.facts += facts
        self._ends.update((fact.run, fact.exit) for fact in facts if isinstance(fact, RunEnded))
        self.threads.add(threading.get_ident())
        self._news.set()

    async def until(self, is_so: Callable[[], object]) -> None:
        async with asyncio.timeout(PATIENCE_S):
            while not is_so():
                await self._news.wait()
                self._news.clear()

    async def end_of(self, run: str) -> Exit:
        await self.until(lambda: run in self._ends)
        return self._ends[run]

    async def begin_of(self, run: str) -> RunStarted:
        await self.until(lambda: any(fact.run == run for fact in self.begun()))
        return next(fact for fact in self.begun() if fact.run == run)

    def ends(self) -> dict[str, Exit]:
        return dict(self._ends)

    def forget(self) -> None:
        self.facts.clear()
        self._ends.clear()

    def begun(self) -> list[RunStarted]:
        return [fact for fact in self.facts if isinstance(fact, RunStarted)]


class Maker:
    """Makes starts in a folder of its own, with logs there."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def log(self, run: str) -> Path:
        return self.folder / f"{run}.log"

    def process(
        self,
        run: str,
        *argv: str,
        env: Mapping[str, str] | None = None,
        pool_size: int = 1000,
        **more: Any,
    ) -> KeptStart:
        env = {"PATH": "/usr/local/bin:/usr/bin:/bin"} if env is None else env
        return self._kept(run, Command(argv), pool="default", pool_size=pool_size, env=env, **more)

    def shell(self, run: str, script: str, **more: Any) -> KeptStart:
        return self.process(run, "sh", "-c", script, **more)

    def worker(
        self,
        run: str,
        function: str,
        width: int = 4,
        fingerprint: str = "f",
        python: str = sys.executable,
        **more: Any,
    ) -> KeptStart:
        call = Call(python, function, fingerprint)
        more = {"grace_s": 1.0, **more}
        return self._kept(run, call, pool="workers", pool_size=width, env={"PATH": "/usr/bin:/bin"}, **more)

    def _kept(
        self,
        run: str,
        work: Command | Call,
        *,
        cwd: Path | None = None,
        timeout_s: float | None = None,
        grace_s: float = 5.0,
        log_bytes_max: int = 1 << 20,
        report_bytes_max: int = 1 << 20,
        folders: tuple[str, ...] = (),
        **more: Any,
    ) -> KeptStart:
        return KeptStart(
            run=run,
            work=work,
            slots=1,
            cwd=str(cwd or self.folder),
            files=str(self.folder / run),
            folders=folders,
            context=CONTEXT,
            report_bytes_max=report_bytes_max,
            log_bytes_max=log_bytes_max,
            timeout_s=timeout_s,
            grace_s=grace_s,
            **more,
        )


async def line_in(path: Path) -> str:
    """Wait until a job has written a whole line, and return it."""
    return await asyncio.to_thread(wait_for_line, path)


def wait_for_line(path: Path) -> str:
    give_up_at = time.monotonic() + PATIENCE_S
    while not (path.exists() and path.read_text().endswith("\n")):
        assert time.monotonic() < give_up_at, f"nobody wrote {path}"
        time.sleep(0.002)
    return path.read_text().strip()


async def gone(pidfd: int) -> None:
    """Wait until a process that is not our child is gone."""
    loop, event = asyncio.get_running_loop(), asyncio.Event()
    loop.add_reader(pidfd, event.set)
    await asyncio.wait_for(event.wait(), PATIENCE_S)
    loop.remove_reader(pidfd)
    os.close(pidfd)


def marked(keepers: Path, runs: Container[str]) -> list[procfs.Process]:
    """The living processes of these runs, of keepers of this folder: other tests have runs of the same names."""
    ours = {folder.name for folder in keeper_folders(keepers)}
    marks = ((each, procfs.mark_of(each.pid)) for each in procfs.processes() if not each.is_dead)
    return [each for each, mark in marks if mark is not None and mark.keeper in ours and mark.run in runs]


def keeper_folders(keepers: Path) -> list[Path]:
    return sorted(path.parent for path in keepers.glob(f"*/{NAME}"))


def keeper_pid(folder: Path) -> int:
    return read_journal(str(folder / NAME)).header["pid"]


def leaders(keepers: Path) -> dict[str, int]:
    """The process that worked on each run, as the journals have it: of a short run nobody is told."""
    journals = [read_journal(str(folder / NAME)) for folder in keeper_folders(keepers)]
    return {run: began.pid for recorded in journals for run, began in recorded.began.items()}


def end_all_keepers(keepers: Path) -> None:
    """Kill the keepers of a test and everything they run."""
    for folder in keeper_folders(keepers):
        if is_alive(folder):
            pid = keeper_pid(folder)
            with contextlib.suppress(ProcessLookupError):
                handle = os.pidfd_open(pid)
                signal.pidfd_send_signal(handle, signal.SIGKILL)
                while is_alive(folder):
                    os.sched_yield()
                os.close(handle)
        read_dead(folder)


class Rig(Protocol):
    """One way of running, under the conformance suite."""

    outlives_the_daemon: bool

    def make(self, epoch: int) -> Executor: ...

    def ending(self, run: str, code: int) -> StartRun: ...

    def endless(self, run: str) -> StartRun: ...

    def pump(self) -> None:
        """Let happen what happens by itself in a real executor."""
        ...


class LocalRig:
    """Processes, workers or inline calls of the local executor."""

    def __init__(self, folder: Path, how: str) -> None:
        self.outlives_the_daemon = how != "inline"
        self.keepers = folder / "keepers"
        self._how = how
        self._make = Maker(folder)
        self._held = threading.Event()
        (folder / "conform.py").write_text(
            "import sys, time\n"
            + "".join(f"def end_{code}(ctx): sys.exit({code})\n" for code in (0, 3))
            + "def endless(ctx): time.sleep(1000)\n"
        )

    def make(self, epoch: int) -> Executor:
        return LocalExecutor(self.keepers, epoch, linger_s=0.2)

    def ending(self, run: str, code: int) -> StartRun:
        match self._how:
            case "process":
                return self._make.shell(run, f"exit {code}")
            case "worker":
                return self._make.worker(run, f"conform:end_{code}")
            case _:
                return InlineStart(run, lambda: sys.exit(code))

    def endless(self, run: str) -> StartRun:
        match self._how:
            case "process":
                return self._make.process(run, "sleep", "1000")
            case "worker":
                return self._make.worker(run, "conform:endless")
            case _:
                return InlineStart(run, self._held.wait)

    def pump(self) -> None:
        pass

    def release(self) -> None:
        self._held.set()
        end_all_keepers(self.keepers)


class ScriptedRig:
    """The scripted executor, with a script that behaves like processes."""

    outlives_the_daemon = True

    def __init__(self) -> None:
        self._executor = ScriptedExecutor()
        self._codes: dict[str, int] = {}

    def make(self, epoch: int) -> Executor:
        return self._executor

    def ending(self, run: str, code: int) -> StartRun:
        self._codes[run] = code
        return self.endless(run)

    def endless(self, run: str) -> StartRun:
        return Maker(Path("/nowhere")).process(run, "true")

    def pump(self) -> None:
        script = self._executor
        for run in script.running:
            if run in self._codes:
                script.begin(run)
                script.end(run, Exit(kind="exit", code=self._codes[run]))
            elif run in script.stops:
                script.end(run, Exit(kind="canceled", stop_requested=True))
        script.deliver()
