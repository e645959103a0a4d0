"""A want: why it is not done, down to the roots; how far it is; what runs for it; what happened."""

import msgspec

from orchestrator.console.happenings import Happening, happenings
from orchestrator.console.newest import newest
from orchestrator.console.visits import Visit
from orchestrator.views.jobruns import jobrun_view
from orchestrator.views.shapes import JobRunView, Progress, WantDetail, WantedRef, Why
from statemachines.traits import head_of

REFS_SHOWN = 100
CHAINS_SHOWN = 3
RUNS_SHOWN = 20

_VERBS = {
    "Idle": ("pause", "cancel"),
    "Building": ("pause", "cancel"),
    "UpstreamBuilding": ("pause", "cancel"),
    "Paused": ("resume", "cancel"),
    "Failed": ("retry",),
    "UpstreamFailed": ("retry",),
}


class WantPage(msgspec.Struct, frozen=True):
    """Everything about one want. ``chains`` say why its first refs that are not done are not there."""

    detail: WantDetail
    progress: Progress | None
    refs: list[WantedRef]
    chains: list[Why]
    runs: list[JobRunView]
    entries: list[Happening]

    @property
    def more_undone(self) -> int:
        """How many refs are not done beside those of which it is said why."""
        undone = sum(number for case, number in self.detail.cases.items() if case != "done")
        return undone - len(self.chains)

    @property
    def verbs(self) -> tuple[str, ...]:
        """What an operator may do with it now."""
        return verbs_for(self.detail.state)


def verbs_for(state: str) -> tuple[str, ...]:
    """What an operator may do with a want in a state."""
    return _VERBS.get(state, ())


async def want(visit: Visit) -> WantPage:
    """Take the page of a want. Raises DoorError."""
    detail = await visit.reads.want(visit.part("want"))
    undone = [ref for ref in detail.refs if ref.case != "done"]
    done = [ref for ref in detail.refs if ref.case == "done"]
    roots = sorted(undone, key=lambda ref: ref.case not in {"failed", "upfailed"})[:CHAINS_SHOWN]
    return WantPage(
        detail=detail,
        progress=await visit.reads.progress(detail.id) if verbs_for(detail.state) else None,
        refs=(undone + done)[:REFS_SHOWN],
        chains=[await visit.reads.why(ref.ref) for ref in roots],
        runs=await _runs(visit, detail.id),
        entries=(await happenings(visit, before=visit.upto + 1, entity=detail.id, limit=20)).items,
    )


async def _runs(visit: Visit, want_id: str) -> list[JobRunView]:
    board = await visit.reads.board()
    found = newest(board.world.runs, lambda run: head_of(run).want == want_id, limit=RUNS_SHOWN)
    return [jobrun_view(board, run) for run in found.items]
