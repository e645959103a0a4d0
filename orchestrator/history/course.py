"""How things went after a moment of a log: when all was done, what failed, what was late, what waited for slots."""

from collections import Counter
from collections.abc import Mapping

from bel.log import ReadableLog
from orchestrator.history.at import Moment
from orchestrator.views.looking import iso_or_none
from orchestrator.views.shapes import Comparison, Course, JobCourse, WantCourse
from statemachines import jobrun, partition, want
from statemachines.events import AnyEvent
from statemachines.ids import SECOND_US, RunId, Timestamp, WantId
from statemachines.refs import Ref
from statemachines.traits import head_of, live_of
from statemachines.world import World

_CLOSED = (want.Successful, want.Failed, want.UpstreamFailed, want.Canceled, want.Expired, want.Superseded)
_ENDED = (jobrun.Succeeded, jobrun.Failed, jobrun.DepMiss, jobrun.Lost, jobrun.Canceled)
_BAD = (jobrun.Failed, jobrun.Lost)


class Following:
    """Follows a log to its end, and measures what comes after a moment."""

    def __init__(self, after: Moment) -> None:
        self.world = World()
        self._after = after.seq
        self._begin = after.at
        self._last = Timestamp(0)
        self._queued: dict[RunId, Timestamp] = {}
        self._launched: dict[RunId, Timestamp] = {}
        self._waited: Counter[str] = Counter()
        self._busy_us = self._open_us = 0
        self._runs: Counter[str] = Counter()
        self._bad: Counter[str] = Counter()
        self._live = self._failed = 0

    async def follow(self, log: ReadableLog[AnyEvent]) -> None:
        """Read a whole log."""
        async for entries in log.read():
            for entry in entries:
                self.world.apply(entry.event, entry.seq)
                if self._begin is None:
                    self._begin = Timestamp(entry.at)
                self._see(entry.event, is_after=entry.seq > self._after)

    def course(self) -> Course:
        """How it went."""
        wants = [state for state in self.world.wants.values() if self._is_of_now(state)]
        runs = [state for state in self.world.runs.values() if self.world.seqs[head_of(state).id] > self._after]
        return Course(
            makespan_s=self.seconds(self._last) or 0.0,
            open_s=self._open_us / SECOND_US,
            wants=dict(sorted(Counter(type(state).__name__ for state in wants).items())),
            wants_late=sum(state.late for state in wants),
            jobruns=dict(sorted(Counter(type(state).__name__ for state in runs).items())),
            live=self._live,
            failed=self._failed,
            busy_s=self._busy_us / SECOND_US,
            queued_s=self._waited.total() / SECOND_US,
        )

    def jobs(self) -> tuple[JobCourse, ...]:
        """How it went, by job."""
        return tuple(
            JobCourse(job, number, self._bad[job], self._waited[job] / SECOND_US)
            for job, number in sorted(self._runs.items())
        )

    def seconds(self, at: Timestamp | None) -> float | None:
        """How long after the moment something was; None where it never was, or was before."""
        if at is None or self._begin is None or at < self._begin:
            return None
        return (at - self._begin) / SECOND_US

    def closed_s(self, state: want.Want) -> float | None:
        """How long after the moment a want closed."""
        return self.seconds(state.since) if isinstance(state, _CLOSED) else None

    def held(self) -> dict[Ref, str]:
        """What readers get: the digest of each ref that is Live."""
        found: dict[Ref, str] = {}
        for name in self.world.environments:
            for ref, instance in self.world.holdings(name).canonical.items():
                state = self.world.partitions[instance]
                if isinstance(state, partition.Live) and (live := live_of(state)) is not None:
                    found[ref] = live.content.digest
        return found

    def _is_of_now(self, state: want.Want) -> bool:
        return self.world.seqs[state.spec.id] > self._after

    def _see(self, event: AnyEvent, *, is_after: bool) -> None:
        if isinstance(event, jobrun.JobRunFact):
            self._see_run(self.world.runs[event.id], event, is_after=is_after)
        elif is_after and isinstance(event, partition.PartitionFact):
            self._live += isinstance(event, partition.PartitionLive)
            self._failed += isinstance(event, partition.PartitionFailed | partition.PartitionUpstreamFailed)
        elif is_after and isinstance(state := self.world.wants[WantId(event.id)], _CLOSED):
            self._last = max(self._last, event.at)
            self._open_us += event.at - max(state.spec.created_at, self._begin or 0)

    def _see_run(self, state: jobrun.JobRun, event: jobrun.JobRunFact, *, is_after: bool) -> None:
        head = head_of(state)
        if isinstance(state, jobrun.Queued):
            self._queued[head.id] = state.since
        elif isinstance(event, jobrun.JobRunLaunching):
            self._launched[head.id] = state.since
            if is_after:
                self._runs[head.job] += 1
                self._waited[head.job] += max(0, state.since - self._queued.get(head.id, state.since))
        elif is_after and isinstance(state, _ENDED):
            self._last = max(self._last, state.since)
            self._bad[head.job] += isinstance(state, _BAD)
            self._busy_us += max(0, state.since - self._launched.get(head.id, state.since))


def compare_courses(moment: Moment, was: Following, would_be: Following, again: Mapping[WantId, WantId]) -> Comparison:
    """Hold a log as it was against the same as it would be; ``again`` says which want repeats which."""
    differing = tuple(found for state in was.world.wants.values() if (found := _differs(state, was, would_be, again)))
    same = all(found.state_was == found.state_is for found in differing) and was.held() == would_be.held()
    return Comparison(
        at_seq=moment.seq,
        at_time=iso_or_none(moment.at),
        same=same,
        was=was.course(),
        would_be=would_be.course(),
        jobs_were=was.jobs(),
        jobs_would_be=would_be.jobs(),
        wants=differing,
    )


def _differs(
    state: want.Want, was: Following, would_be: Following, again: Mapping[WantId, WantId]
) -> WantCourse | None:
    """What became otherwise of a want; None where nothing did."""
    other = would_be.world.wants.get(again.get(state.spec.id, state.spec.id))
    found = WantCourse(
        id=state.spec.id,
        first_ref=state.spec.refs[0],
        state_was=type(state).__name__,
        state_is=None if other is None else type(other).__name__,
        late_was=state.late,
        late_is=other is not None and other.late,
        closed_was_s=was.closed_s(state),
        closed_is_s=None if other is None else would_be.closed_s(other),
    )
    then, now = (
        (found.state_was, found.late_was, found.closed_was_s),
        (found.state_is, found.late_is, found.closed_is_s),
    )
    return None if then == now else found
