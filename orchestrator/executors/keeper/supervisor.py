"""Runs that are claimed: started, watched, ended, swept up after.

What has begun and ended is fetched each turn by the keeper's loop, which tells it. It trusts that every run it is given
is claimed on the disk.
"""

import math
import os
import selectors
import time
from collections.abc import Callable
from functools import partial
from itertools import takewhile

from orchestrator.executors.keeper.child import Streams
from orchestrator.executors.keeper.files import CONTEXT_KEY, REPORT_KEY, make_folders
from orchestrator.executors.keeper.journal import Began, End
from orchestrator.executors.keeper.launch import CouldNotStart, Exited, Leader, spawn
from orchestrator.executors.keeper.lines import Lines
from orchestrator.executors.keeper.logs import open_log
from orchestrator.executors.keeper.procfs import KEEPER_KEY, RUN_KEY
from orchestrator.executors.keeper.room import FULL, RETRY_S, NoRoom
from orchestrator.executors.keeper.run import Run
from orchestrator.executors.keeper.secrets import SecretFiles
from orchestrator.executors.keeper.wire import Call, Request
from orchestrator.executors.keeper.workers import Workers

_SPAWNS_A_TURN = 32
_TICK_S = 0.1
_SWEEP_S = 0.01
_BEGUN_S = 0.02
"""How old a run has to be before it is told to have begun: of one that ends sooner only its end is told."""


class Supervisor:
    """All claimed runs that have not ended."""

    def __init__(self, selector: selectors.BaseSelector, keeper: str, note_began: Callable[[str, Began], None]) -> None:
        self._selector = selector
        self._keeper = keeper
        self._note_began = note_began
        self._begun: dict[str, Run] = {}
        self._ended: list[tuple[str, End]] = []
        self._runs: dict[str, Run] = {}
        self._lines = Lines()
        self._sweeps: list[tuple[Run, Exited]] = []
        self._room_at = 0.0
        self._workers = Workers(selector, keeper, self)

    def take(self, requests: list[Request]) -> None:
        """Take over runs that are claimed."""
        for request in requests:
            run = self._runs[request.run] = Run(request)
            self._lines.join(run)

    def start_some(self, now: float) -> None:
        """Start some of the runs for which there are slots; so many that exits and requests do not wait long.

        Where the disk has no room for their files they go on waiting: it costs no try, for nothing of them is done.
        """
        if now < self._room_at:
            return
        out = self._lines.let_out(_SPAWNS_A_TURN)
        for place, run in enumerate(out):
            try:
                self._start(run)
            except NoRoom:
                self._room_at = now + RETRY_S
                self._lines.put_back(out[place:])
                return

    def stop(self, name: str) -> None:
        """Ask a run to end; nothing where it has ended or was never claimed."""
        run = self._runs.get(name)
        if run is None:
            return
        if run.leader is not None:
            run.ask_to_end("canceled")
        elif not run.why_ended:
            if not self._lines.leave(run):
                self._workers.forget_waiting(run)
            run.why_ended = "canceled"
            self.finish(run, run.canceled_while_waiting())

    def tick(self, now: float) -> None:
        """Do what is due: deadlines, log caps, sweeping, idle workers."""
        for run in list(self._runs.values()):
            run.look_after(now)
        self._workers.tick(now)

    def sweep(self) -> None:
        """Finish the runs of which nothing is left any more."""
        sweeps, self._sweeps = self._sweeps, []
        for run, exited in sweeps:
            if exited.remains.are_gone():
                self.finish(run, run.ended(exited.status, "", exited.usage))
            else:
                self._sweeps.append((run, exited))

    def running(self, name: str) -> Run | None:
        """Find a run that something works on."""
        run = self._runs.get(name)
        return run if run is not None and run.leader is not None else None

    @property
    def has_a_line(self) -> bool:
        """Tell if runs wait for slots: then whoever ends is followed by another at once."""
        return bool(self._lines)

    def take_begun(self, now: float) -> list[Run]:
        """Fetch the runs that began a moment ago and have not ended."""
        begun = list(takewhile(lambda run: now >= run.began_at + _BEGUN_S, self._begun.values()))
        for run in begun:
            del self._begun[run.request.run]
        return begun

    def take_ended(self) -> list[tuple[str, End]]:
        """Fetch the runs that have ended since the last time."""
        ended, self._ended = self._ended, []
        return ended

    def patience_s(self) -> float:
        """Say how long nothing of this can become due; infinite where nothing ever does."""
        if self._ended or (self._lines.can_let_out and time.monotonic() >= self._room_at):
            return 0.0
        if self._sweeps:
            return _SWEEP_S
        if self._begun:
            return max(0.0, next(iter(self._begun.values())).began_at + _BEGUN_S - time.monotonic())
        return _TICK_S if self._runs or self._workers.exist else math.inf

    def begin(self, run: Run, leader: Leader) -> None:
        """Note that a leader works on a run from now."""
        run.begin(leader)
        self._note_began(run.request.run, leader.began)
        self._begun[run.request.run] = run

    def finish(self, run: Run, end: End) -> None:
        """Note the end of a run of which nothing is left."""
        del self._runs[run.request.run]
        self._begun.pop(run.request.run, None)
        self._lines.give_back(run)
        self._ended.append((run.request.run, end))

    def finish_when_gone(self, run: Run, exited: Exited) -> None:
        """Note the end of a run as soon as nothing is left of its group."""
        self._sweeps.append((run, exited))
        self.sweep()

    def _start(self, run: Run) -> None:
        try:
            make_folders(run.request.folders)
            if isinstance(run.request.work, Call):
                self._workers.take(run, run.request.work)
            else:
                self._start_process(run, run.request.work.argv)
        except CouldNotStart as error:
            self.finish(run, run.could_not_start(str(error)))
        except (OSError, ValueError) as error:
            if isinstance(error, OSError) and error.errno in FULL:
                raise NoRoom from error
            self.finish(run, run.could_not_start(f"its files cannot be written: {error}"))

    def _start_process(self, run: Run, argv: list[str]) -> None:
        run.files.make(run.request.context)
        run.open_output(self._selector)
        log = open_log(run.files.log) if run.output is None else os.dup(run.output.writer)
        try:
            run.secrets = SecretFiles(run.request.secrets)
            env, streams = self._env(run, run.secrets), Streams(log)
            leader = spawn(argv, run.request.cwd, env, streams, run.request.limits)
        finally:
            os.close(log)
        self._selector.register(leader.pidfd, selectors.EVENT_READ, partial(self._process_exited, run, leader))
        self.begin(run, leader)

    def _env(self, run: Run, secrets: SecretFiles) -> dict[str, str]:
        files = {CONTEXT_KEY: run.files.context, REPORT_KEY: run.files.report}
        marks = {RUN_KEY: run.request.run, KEEPER_KEY: self._keeper}
        return {**run.request.env, **secrets.env(), **files, **marks}

    def _process_exited(self, run: Run, leader: Leader) -> None:
        self._selector.unregister(leader.pidfd)
        self.finish_when_gone(run, leader.bury(whole_session=bool(run.why_ended)))
