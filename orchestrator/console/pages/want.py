"""A want: why it is not done, down to the roots; how far it is; what runs for it; what happened."""

from itertools import islice

import msgspec

from orchestrator.console.happenings import Happening, happenings
from orchestrator.console.visits import Visit
from orchestrator.views.shapes import JobRunFilter, JobRunView, Progress, WantDetail, WantedRef, Why

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
    runs: tuple[JobRunView, ...]
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
    blocked = dict.fromkeys((*(failure.ref for failure in detail.failures), *(ref.ref for ref in undone)))
    return WantPage(
        detail=detail,
        progress=await visit.reads.progress(detail.id) if verbs_for(detail.state) else None,
        refs=(undone + done)[:REFS_SHOWN],
        chains=[await visit.reads.why(ref) for ref in islice(blocked, CHAINS_SHOWN)],
        runs=await visit.reads.jobruns(JobRunFilter(want=detail.id, order="newest", limit=RUNS_SHOWN)),
        entries=(await happenings(visit, before=visit.upto + 1, entity=detail.id, limit=20)).items,
    )
