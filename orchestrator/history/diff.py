"""What two moments differ in: each entity whose state is another, what it comes to in sum, and which jobs got slower.

Entities are compared as they stood at the two moments; what went and came back between them is no difference, but is
counted among the events. How long JobRuns took is told by the entries of their launch and their end.

Cost: the entries between, as many before them, and one look at every entity. Source: design section 10 (``diff``).
"""

from collections import Counter
from collections.abc import Iterator, Mapping
from statistics import median
from typing import Literal, NamedTuple, TypeVar

from bel.log import ReadableLog
from orchestrator.history.at import Moment
from orchestrator.views.looking import iso_or_none
from orchestrator.views.shapes import Change, Diff, Pace
from statemachines import jobrun, partition, want
from statemachines.events import AnyEvent
from statemachines.ids import SECOND_US, RunId, Timestamp
from statemachines.jobrun import JobRun
from statemachines.partition import Partition
from statemachines.traits import head_of
from statemachines.want import Want
from statemachines.world import World

CHANGES_MAX = 10_000
"""How many changes of one kind of entity a diff lists."""

SLOWER = 1.25
"""How many times as long as before JobRuns have to take for their job to be slower."""

RUNS_JUDGED_MIN = 3
"""Of fewer JobRuns on either side it is not said that they got slower."""

_ENDED = (jobrun.JobRunSucceeded, jobrun.JobRunFailed)

I = TypeVar("I", bound=str)  # noqa: E741 - an id
S = TypeVar("S", Want, Partition, JobRun)


class Timed(NamedTuple):
    """How long a JobRun took, and whether it ended between the two moments or before the first."""

    run: RunId
    between: bool
    took_us: int


class Tally(NamedTuple):
    """What the entries between two moments say, and as many before them."""

    events: Mapping[str, int]
    timed: list[Timed]


class Delta(NamedTuple):
    """An entity as it was, if it was, and as it became."""

    before: Want | Partition | JobRun | None
    after: Want | Partition | JobRun
    change: Change


async def tally(log: ReadableLog[AnyEvent], begin: Moment, end: Moment) -> Tally:
    """Count the events between two moments, and time the JobRuns in them and in as many entries before."""
    events: Counter[str] = Counter()
    launched: dict[RunId, Timestamp] = {}
    timed: list[Timed] = []
    async for entries in log.read(after=max(0, begin.seq - (end.seq - begin.seq)), upto=end.seq):
        for entry in entries:
            event, between = entry.event, entry.seq > begin.seq
            if between:
                events[type(event).__name__] += 1
            if isinstance(event, jobrun.JobRunLaunching):
                launched[event.id] = event.at
            elif isinstance(event, _ENDED) and event.id in launched:
                timed.append(Timed(event.id, between, event.at - launched.pop(event.id)))
    return Tally(dict(sorted(events.items())), timed)


def compare(begin: Moment, before: World, end: Moment, after: World, told: Tally) -> Diff:
    """Hold two worlds of one log against each other, the earlier one first."""
    wants = list(_deltas("want", before.wants, after.wants, after.seqs, begin.seq))
    partitions = list(_deltas("partition", before.partitions, after.partitions, after.seqs, begin.seq))
    runs = list(_deltas("jobrun", before.runs, after.runs, after.seqs, begin.seq))
    return Diff(
        begin_seq=begin.seq,
        begin_time=iso_or_none(begin.at),
        end_seq=end.seq,
        end_time=iso_or_none(end.at),
        sums=dict(_sums([*wants, *partitions, *runs])),
        events=dict(told.events),
        wants=_newest(wants),
        partitions=_newest(partitions),
        jobruns=_newest(runs),
        paces=tuple(_paces(after, told.timed)),
        cut=max(len(wants), len(partitions), len(runs)) > CHANGES_MAX,
    )


def _deltas(
    kind: Literal["want", "partition", "jobrun"],
    before: Mapping[I, S],
    after: Mapping[I, S],
    seqs: Mapping[str, int],
    since: int,
) -> Iterator[Delta]:
    """The entities of one kind whose state is another."""
    for entity, state in after.items():
        seq = seqs[entity]
        if seq > since and type(was := before.get(entity)) is not type(state):
            name = None if was is None else type(was).__name__
            yield Delta(was, state, Change(kind, entity, _about(state), name, type(state).__name__, seq))


def _about(state: Want | Partition | JobRun) -> str:
    if isinstance(state, Want):
        return state.spec.refs[0]
    return state.spec.ref if isinstance(state, Partition) else head_of(state).job


def _newest(deltas: list[Delta]) -> tuple[Change, ...]:
    """The changes that came last, the newest at the end."""
    changes = sorted((delta.change for delta in deltas), key=lambda change: change.seq)
    return tuple(changes[-CHANGES_MAX:])


_SUMS: dict[str, tuple[type, ...]] = {
    "wants_successful": (want.Successful,),
    "wants_failed": (want.Failed, want.UpstreamFailed),
    "wants_canceled": (want.Canceled, want.Expired, want.Superseded),
    "partitions_live": (partition.Live,),
    "partitions_failed": (partition.Failed, partition.UpstreamFailed),
    "partitions_tainted": (partition.Tainted,),
    "partitions_canceled": (partition.Canceled,),
    "partitions_collected": (partition.Collected,),
    "jobruns_succeeded": (jobrun.Succeeded,),
    "jobruns_failed": (jobrun.Failed, jobrun.Lost),
    "jobruns_canceled": (jobrun.Canceled,),
}
"""What entities became, by the name of the sum."""

_OPEN = (want.Idle, want.Building, want.UpstreamBuilding, want.Paused)
_CLOSED = (want.Successful, want.Failed, want.UpstreamFailed, want.Canceled, want.Expired, want.Superseded)


def _sums(deltas: list[Delta]) -> Iterator[tuple[str, int]]:
    """How many wants were opened, made or retried, how many closed, and what became of entities, each counted once."""
    yield "wants_opened", sum(_is_opened(delta) for delta in deltas)
    yield "wants_closed", sum(isinstance(d.after, _CLOSED) and not isinstance(d.before, _CLOSED) for d in deltas)
    for name, states in _SUMS.items():
        yield name, sum(isinstance(d.after, states) and not isinstance(d.before, states) for d in deltas)


def _is_opened(delta: Delta) -> bool:
    """Whether there is a want now that was not there or was closed."""
    if delta.change.kind != "want":
        return False
    return delta.before is None or (isinstance(delta.before, _CLOSED) and isinstance(delta.after, _OPEN))


def _paces(world: World, timed: list[Timed]) -> Iterator[Pace]:
    """The jobs of which JobRuns ended on both sides, the one that slowed down most first."""
    took: dict[str, tuple[list[int], list[int]]] = {}
    for one in timed:
        took.setdefault(head_of(world.runs[one.run]).job, ([], []))[one.between].append(one.took_us)
    both = [_pace(job, before, after) for job, (before, after) in took.items() if before and after]
    return iter(sorted(both, key=lambda pace: pace.before_s / pace.after_s if pace.after_s else 1))


def _pace(job: str, before: list[int], after: list[int]) -> Pace:
    then, now = median(before) / SECOND_US, median(after) / SECOND_US
    enough = min(len(before), len(after)) >= RUNS_JUDGED_MIN
    return Pace(job, len(before), len(after), then, now, slower=enough and now > then * SLOWER)
