"""A JobRun: why it ran, what it was given and made, what it printed, which tries there were."""

from itertools import islice

import msgspec

from orchestrator.api.door import DoorError
from orchestrator.console.formats import between
from orchestrator.console.happenings import Happening, life
from orchestrator.console.pages.jobruns import OPEN
from orchestrator.console.visits import Visit
from orchestrator.views.jobruns import jobrun_view
from orchestrator.views.shapes import JobRunDetail, JobRunView, LogText
from statemachines.ids import RunId

TAIL_BYTES = 65_536
TRIES_SHOWN = 20
OUTPUTS_SHOWN = 100
STOPPABLE = frozenset(OPEN) - {"Canceling"}


class JobRunPage(msgspec.Struct, frozen=True):
    """Everything about one JobRun. ``tries`` are the JobRuns that made, or tried to make, its first output."""

    detail: JobRunDetail
    log: LogText
    no_log: str
    tries: list[JobRunView]
    entries: list[Happening]

    @property
    def is_open(self) -> bool:
        """Whether more will come of it."""
        return self.detail.state in OPEN

    @property
    def may_cancel(self) -> bool:
        """Whether it can still be stopped."""
        return self.detail.state in STOPPABLE

    @property
    def took_s(self) -> float | None:
        """How long it ran, if it has ended."""
        launched = next((one.entry.at for one in self.entries if one.entry.kind == "JobRunLaunching"), None)
        return None if launched is None or self.is_open else between(launched, self.entries[0].entry.at)


async def jobrun(visit: Visit) -> JobRunPage:
    """Take the page of a JobRun. Raises DoorError."""
    detail = await visit.reads.jobrun(visit.part("run"))
    log, no_log = await _log(visit, detail.id)
    return JobRunPage(
        detail=detail,
        log=log,
        no_log=no_log,
        tries=await _tries(visit, detail),
        entries=await life(visit, detail.id, detail.run.seq),
    )


async def _log(visit: Visit, run: str) -> tuple[LogText, str]:
    """The end of what it printed, as the file is now."""
    try:
        return await visit.door.log_text(run, -TAIL_BYTES), ""
    except DoorError as error:
        return LogText("", 0, 0, 0, complete=True), error.why


async def _tries(visit: Visit, detail: JobRunDetail) -> list[JobRunView]:
    if not detail.outputs or detail.outputs[0].id is None:
        return [detail.run]
    found = await visit.reads.partition(detail.outputs[0].ref)
    runs = dict.fromkeys(one.run for one in islice(found.instances, TRIES_SHOWN) if one.run is not None)
    board = await visit.reads.board()
    return [jobrun_view(board, board.world.runs[RunId(run)]) for run in runs]
