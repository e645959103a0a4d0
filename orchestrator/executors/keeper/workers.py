"""Pools of warm workers: Python processes that have loaded a module once and call its functions for run after run.

Runs that agree in everything that makes a worker what it is (``_Key``) share a pool. A pool grows with its waiting runs
as far as these hold slots. A worker is replaced after 1,000 runs, when it dies and when it is killed; it goes after a
minute without work, and at once when its keeper dies, since its channel then closes.

What a function leaves running in the background lives as long as its worker.
"""

import contextlib
import selectors
import time
from collections import deque
from functools import partial
from typing import NamedTuple, Protocol

from orchestrator.executors.keeper.journal import End
from orchestrator.executors.keeper.launch import CouldNotStart, Exited, Leader
from orchestrator.executors.keeper.run import Run
from orchestrator.executors.keeper.wire import Call
from orchestrator.executors.keeper.worker import PER_RUN_KEYS, Reply, Worker

_RUNS_MAX = 1000
_IDLE_S = 60.0
_DISMISS_S = 5.0


class Runs(Protocol):
    """What workers need of who owns the runs."""

    def begin(self, run: Run, leader: Leader) -> None:
        """Note that a leader works on a run from now."""
        ...

    def finish(self, run: Run, end: End) -> None:
        """Note the end of a run of which nothing is left."""
        ...

    def finish_when_gone(self, run: Run, exited: Exited) -> None:
        """Note the end of a run as soon as nothing is left of its group."""
        ...


class _Key(NamedTuple):
    python: str
    module: str
    fingerprint: str
    cwd: str
    env: frozenset[tuple[str, str]]
    limits: frozenset[tuple[str, int]]
    secrets: frozenset[tuple[str, bytes]]


class _Pool:
    def __init__(self) -> None:
        self.members: set[Worker] = set()
        self.idle: list[Worker] = []
        self.waiting: deque[tuple[Run, Call]] = deque()


class Workers:
    """All worker processes of this keeper."""

    def __init__(self, selector: selectors.BaseSelector, keeper: str, runs: Runs) -> None:
        self._selector = selector
        self._keeper = keeper
        self._runs = runs
        self._pools: dict[_Key, _Pool] = {}
        self._alive: set[Worker] = set()

    @property
    def exist(self) -> bool:
        """Tell if there are worker processes."""
        return bool(self._alive)

    def take(self, run: Run, work: Call) -> None:
        """Hand a run to an idle worker, to a new one where the width allows, or let it wait."""
        pool = self._pools.setdefault(_key(run, work), _Pool())
        pool.waiting.append((run, work))
        self._serve(pool)

    def forget_waiting(self, run: Run) -> None:
        """Take back a run that waits for a worker."""
        for pool in self._pools.values():
            pool.waiting = deque(waiting for waiting in pool.waiting if waiting[0] is not run)

    def tick(self, now: float) -> None:
        """Let workers go that were idle for long; kill those that do not go; cap what the others say."""
        for worker in list(self._alive):
            if worker.run is not None:
                worker.desk.cap(worker.run.request.report_bytes_max)
            if now - worker.idle_since >= _IDLE_S:
                self._dismiss(worker)
            if now >= worker.kill_at:
                worker.leader.kill_session()
        self._pools = {key: pool for key, pool in self._pools.items() if pool.members or pool.waiting}

    def _serve(self, pool: _Pool) -> None:
        while pool.waiting:
            run, work = pool.waiting[0]
            if not pool.idle and len(pool.members) >= run.request.pool.size:
                return
            try:
                run.open_output(self._selector)
                worker = pool.idle.pop() if pool.idle else self._hire(pool, run, work)
            except (CouldNotStart, OSError) as error:
                pool.waiting.popleft()
                self._runs.finish(run, run.could_not_start(str(error)))
                continue
            if worker.call(run, work):
                pool.waiting.popleft()
                self._runs.begin(run, worker.leader)

    def _hire(self, pool: _Pool, run: Run, work: Call) -> Worker:
        try:
            worker = Worker(run, work.python, self._keeper)
        except OSError as error:
            raise CouldNotStart(f"no worker could be started: {error.strerror}") from error
        pool.members.add(worker)
        self._alive.add(worker)
        self._selector.register(worker.channel, selectors.EVENT_READ, partial(self._heard, worker))
        self._selector.register(worker.leader.pidfd, selectors.EVENT_READ, partial(self._exited, worker))
        return worker

    def _heard(self, worker: Worker) -> None:
        if not worker.hear():
            self._selector.unregister(worker.channel)
            worker.kill_at = min(worker.kill_at, time.monotonic() + _DISMISS_S)
        elif worker.run is not None and worker.reply is not None:
            if worker.run.why_ended:
                worker.leader.kill_group()  # it was asked to end: its run ends with it, the way the reply says
            else:
                self._finish(worker, worker.run, worker.reply)

    def _finish(self, worker: Worker, run: Run, reply: Reply) -> None:
        usage = worker.usage_since_last(reply.usage)
        run.said = worker.desk.said(run.request.report_bytes_max)
        ended = run.ended(reply.code, reply.message, usage) if reply.loaded else run.could_not_start(reply.message)
        self._runs.finish(run, ended)
        worker.run = worker.reply = None
        worker.served += 1
        pool = self._pool_of(worker)
        if pool is None:
            return
        if worker.served >= _RUNS_MAX:
            self._dismiss(worker)
        else:
            worker.idle_since = time.monotonic()
            pool.idle.append(worker)
        self._serve(pool)

    def _exited(self, worker: Worker) -> None:
        if worker.run is not None and worker.reply is None:
            self._heard_last(worker)
        pool = self._pool_of(worker)
        self._leave(worker)
        self._alive.discard(worker)
        self._selector.unregister(worker.leader.pidfd)
        with contextlib.suppress(KeyError):
            self._selector.unregister(worker.channel)
        self._bury(worker)
        worker.close()
        if pool is not None:
            self._serve(pool)

    def _heard_last(self, worker: Worker) -> None:
        worker.hear()
        if worker.run is not None and worker.reply is not None and not worker.run.why_ended:
            self._leave(worker)
            self._finish(worker, worker.run, worker.reply)

    def _bury(self, worker: Worker) -> None:
        asked = worker.run is not None and bool(worker.run.why_ended)
        exited = worker.leader.bury(whole_session=asked)
        if worker.run is not None:
            status = worker.reply.code if worker.reply is not None else exited.status
            usage = worker.usage_since_last(exited.usage)
            worker.run.said = worker.desk.said(worker.run.request.report_bytes_max)
            self._runs.finish_when_gone(worker.run, exited._replace(status=status, usage=usage))

    def _dismiss(self, worker: Worker) -> None:
        self._leave(worker)
        worker.dismiss(_DISMISS_S)

    def _leave(self, worker: Worker) -> None:
        pool = self._pool_of(worker)
        if pool is not None:
            pool.members.discard(worker)
            if worker in pool.idle:
                pool.idle.remove(worker)

    def _pool_of(self, worker: Worker) -> _Pool | None:
        return next((pool for pool in self._pools.values() if worker in pool.members), None)


def _key(run: Run, work: Call) -> _Key:
    request = run.request
    env = frozenset(item for item in request.env.items() if item[0] not in PER_RUN_KEYS)
    limits, secrets = frozenset(request.limits.items()), frozenset(request.secrets.items())
    return _Key(work.python, work.function.partition(":")[0], work.fingerprint, request.cwd, env, limits, secrets)
