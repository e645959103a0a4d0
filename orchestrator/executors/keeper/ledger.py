"""What a keeper knows of runs: asked for, claimed, begun, ended; in memory and, through its journal, on the disk.

``commit`` is the only door through which a start is let out to be spawned and an end to be told: everything queued
since the last time goes through it together. Where the disk has no room, everything waits before the door.
"""

from collections.abc import Iterable
from typing import NamedTuple

from orchestrator.executors.keeper import journal, procfs
from orchestrator.executors.keeper.journal import Began, End, Journal, Recorded
from orchestrator.executors.keeper.room import NoRoom
from orchestrator.executors.keeper.wire import Request

_SETTLED_KEPT_MAX = 10_000


class Committed(NamedTuple):
    """What is written down since this commit: runs that may be spawned, ends that may be told."""

    claims: list[Request]
    ends: dict[str, End]


class Ledger:
    """Every run that this keeper was asked for, and every unsettled one of its predecessors."""

    def __init__(self, own: Journal, earlier: Iterable[Recorded]) -> None:
        self._journal = own
        self._claims: dict[str, int] = {}
        self._began: dict[str, Began] = {}
        self._ends: dict[str, End] = {}
        self._settled: set[str] = set()
        self._earlier: dict[str, End] = {}
        self._asked: dict[str, tuple[Request, int]] = {}
        self._ending: dict[str, End] = {}
        for recorded in earlier:
            self._earlier.update((run, recorded.ends.get(run, lost(recorded))) for run in recorded.claims)

    @property
    def keeper(self) -> str:
        """Name the keeper, by its folder."""
        return self._journal.keeper

    def ask(self, request: Request, epoch: int) -> bool:
        """Queue the claim of a run; False, and nothing, where the run was ever claimed."""
        run = request.run
        if run in self._claims or run in self._asked or run in self._earlier:
            return False
        self._asked[run] = (request, epoch)
        return True

    def end_of(self, run: str) -> End | None:
        """Tell how a run ended, once that is written down."""
        return self._ends.get(run) or self._earlier.get(run)

    def note_began(self, run: str, began: Began) -> None:
        """Write down which process leads a run, for those who clean up should this process die."""
        self._began[run] = began
        try:
            self._journal.note([journal.began_line(run, began)])
        except NoRoom:
            return  # the mark in its environment has to do

    def queue_end(self, run: str, end: End) -> None:
        """Queue the end of a run."""
        self._ending[run] = end

    def settle(self, runs: Iterable[str]) -> None:
        """Drop the records of runs whose ends are committed to the log."""
        done = [run for run in runs if run in self._ends and run not in self._settled]
        if not done:
            return
        self._settled.update(done)
        try:
            self._journal.note([journal.settled_line(done)])
            if len(self._settled) >= _SETTLED_KEPT_MAX or self._journal.has_grown:
                self._compact()
        except NoRoom:
            return  # told again to the next daemon, which will settle them again

    @property
    def has_queued(self) -> bool:
        """Tell if something waits for the next commit."""
        return bool(self._asked or self._ending)

    @property
    def is_idle(self) -> bool:
        """Tell if nothing is queued and every claimed run has ended."""
        return not self.has_queued and len(self._claims) == len(self._ends)

    def running(self) -> list[str]:
        """List the runs that are claimed and have no end that is written down."""
        return [run for run in self._claims if run not in self._ends]

    def unsettled_ends(self) -> dict[str, End]:
        """List the ends that nobody has settled."""
        return {run: end for run, end in self._ends.items() if run not in self._settled}

    def commit(self) -> Committed:
        """Write down everything queued, claims with a sync. Raises NoRoom, and then nothing has changed."""
        if not self.has_queued:
            return Committed([], {})
        by_epoch: dict[int, list[str]] = {}
        for request, epoch in self._asked.values():
            by_epoch.setdefault(epoch, []).append(request.run)
        claims = [journal.claims_line(runs, epoch) for epoch, runs in by_epoch.items()]
        write = self._journal.append if claims else self._journal.note
        write(claims + [journal.end_line(run, end) for run, end in self._ending.items()])
        committed = Committed([request for request, _ in self._asked.values()], self._ending)
        self._claims.update((run, epoch) for run, (_, epoch) in self._asked.items())
        self._ends.update(self._ending)
        self._asked, self._ending = {}, {}
        return committed

    def sync(self) -> None:
        """Bring the ends that were told to the disk, where no claim has done so since."""
        self._journal.sync()

    def _compact(self) -> None:
        lines: list[dict[str, object]] = []
        for run, epoch in self._claims.items():
            if run not in self._settled:
                lines.append(journal.claims_line([run], epoch))
                lines += [journal.began_line(run, self._began[run])] if run in self._began else []
                lines += [journal.end_line(run, self._ends[run])] if run in self._ends else []
        self._journal.rewrite(lines)
        for run in self._settled:
            del self._claims[run], self._ends[run]
            self._began.pop(run, None)
        self._settled = set()


def lost(recorded: Recorded) -> End:
    """Describe the end of a run whose keeper died before it."""
    pid = recorded.header["pid"]
    if recorded.header["boot"] != procfs.boot_id():
        return {"kind": "lost", "message": f"the machine was started anew while it ran (keeper {pid})"}
    return {"kind": "lost", "message": f"its keeper (pid {pid}) died while it ran; what it had started was killed"}
