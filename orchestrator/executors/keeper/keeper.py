"""The keeper's loop: requests and exits in, one commit, then starts and tidings out.

Each turn takes in whatever has come, writes down all new claims and ends, claims with one sync, and only then spawns
and tells. It goes on without a daemon, and ends by itself when nothing runs and nobody has been connected for a while;
its journal stays, for the next daemon to read.
"""

import math
import selectors
import socket
import time
from collections.abc import Iterable, Mapping

from orchestrator.executors.keeper.epochs import read_epoch
from orchestrator.executors.keeper.journal import End
from orchestrator.executors.keeper.ledger import Ledger
from orchestrator.executors.keeper.room import RETRY_S, NoRoom
from orchestrator.executors.keeper.run import Run
from orchestrator.executors.keeper.server import Connection, Server
from orchestrator.executors.keeper.supervisor import Supervisor
from orchestrator.executors.keeper.wire import Hello, Message, Request, Settled, Start, Stop

_TICK_S = 0.1
_GROUP_S = 0.01
"""How long ends wait for company while runs wait in line, and those that were told for their sync, which the next claim
may bring: nothing stands still meanwhile, and groups cost less."""


class Keeper:
    """One keeper. ``keepers`` is the folder that all keepers of a state directory share."""

    def __init__(self, keepers: str, ledger: Ledger, listener: socket.socket, linger_s: float) -> None:
        self._keepers = keepers
        self._ledger = ledger
        self._linger_s = linger_s
        self._selector = selectors.DefaultSelector()
        self._supervisor = Supervisor(self._selector, ledger.keeper, ledger.note_began)
        self._server = Server(self._selector, listener, self._on_message)
        self._epoch = 0
        self._stops: list[str] = []
        self._commit_at = 0.0
        self._tick_at = 0.0
        self._sync_at = math.inf
        self._alone_since = time.monotonic()

    def serve(self, first: socket.socket | None) -> None:
        """Serve until nothing runs and nobody is there; ``first`` is the connection of who started the keeper."""
        if first is not None:
            self._server.add(first)
        while not self._may_end():
            for key, _ in self._selector.select(self._patience_s()):
                key.data()
            self._turn(time.monotonic())

    def _turn(self, now: float) -> None:
        self._supervisor.sweep()
        if now >= self._tick_at:
            self._tick_at = now + _TICK_S
            self._supervisor.tick(now)
        for run, end in self._supervisor.take_ended():
            self._ledger.queue_end(run, end)
        if now >= self._commit_at:
            self._commit(now)
        self._supervisor.start_some(now)
        self._tell_begun(now)
        if now >= self._sync_at:
            self._sync_at = math.inf
            self._ledger.sync()

    def _commit(self, now: float) -> None:
        try:
            committed = self._ledger.commit()
        except NoRoom:
            self._commit_at = now + RETRY_S
            return
        # As long as this took, the next one waits for company: a slow disk makes larger groups, not a slower keeper.
        done = time.monotonic()
        self._commit_at = done + max(done - now, _GROUP_S if self._supervisor.has_a_line else 0.0)
        self._supervisor.take(committed.claims)
        for name in self._stops:
            self._supervisor.stop(name)
        self._stops.clear()
        if committed.ends:
            self._server.tell_all(_facts(ended=committed.ends))
        if committed.claims:
            self._sync_at = math.inf  # their sync brought everything to the disk
        elif committed.ends:
            self._sync_at = min(self._sync_at, done + _GROUP_S)

    def _tell_begun(self, now: float) -> None:
        begun = self._supervisor.take_begun(now)
        if begun:
            self._server.tell_all(_facts(started=begun))

    def _on_message(self, connection: Connection, message: Message) -> None:
        self._epoch = max(self._epoch, message.epoch, read_epoch(self._keepers))
        # What is settled is in the log, whoever says so.
        if message.epoch < self._epoch and not isinstance(message, Settled):
            self._server.tell(connection, _stale(message, self._epoch))
            return
        match message:
            case Hello():
                self._greet(connection)
            case Start(epoch, requests):
                for request in requests:
                    self._start(connection, request, epoch)
            case Stop(_, runs):
                self._stops += runs
            case Settled(_, runs):
                self._ledger.settle(runs)

    def _greet(self, connection: Connection) -> None:
        connection.is_listening = True
        running = self._ledger.running()
        ended = self._ledger.unsettled_ends()
        self._server.tell(
            connection, {"say": "hello", "keeper": self._ledger.keeper, "running": running, "ended": _listed(ended)}
        )
        begun = [run for run in map(self._supervisor.running, running) if run is not None]
        self._server.tell(connection, _facts(started=begun))

    def _start(self, connection: Connection, request: Request, epoch: int) -> None:
        if self._ledger.ask(request, epoch):
            return
        end = self._ledger.end_of(request.run)
        run = self._supervisor.running(request.run)
        if end is not None:
            self._server.tell(connection, _facts(ended={request.run: end}))
        elif run is not None:
            self._server.tell(connection, _facts(started=[run]))

    def _patience_s(self) -> float | None:
        now = time.monotonic()
        due = [self._supervisor.patience_s(), self._sync_at - now]
        if self._ledger.has_queued or self._stops:
            due.append(self._commit_at - now)
        if self._server.is_alone and self._ledger.is_idle:
            due.append(self._alone_since + self._linger_s - now)
        return max(0.0, min(due)) if min(due) < math.inf else None

    def _may_end(self) -> bool:
        now = time.monotonic()
        if not (self._server.is_alone and self._ledger.is_idle):
            self._alone_since = now
        return now - self._alone_since >= self._linger_s


def _facts(started: Iterable[Run] = (), ended: Mapping[str, End] | None = None) -> dict[str, object]:
    return {"say": "facts", "started": [_begun(run) for run in started], "ended": _listed(ended or {})}


def _begun(run: Run) -> dict[str, object]:
    assert run.leader is not None, f"{run.request.run} has begun, so it has a leader"
    return {"run": run.request.run, "at_us": run.began_us, "pid": run.leader.pid}


def _listed(ends: Mapping[str, End]) -> list[dict[str, object]]:
    return [{"run": run, "exit": end} for run, end in ends.items()]


def _stale(message: Message, newest: int) -> dict[str, object]:
    why = f"epoch {message.epoch} is over: a daemon of epoch {newest} has taken over"
    return {"say": "refused", "why": why}
