"""What happens, counted and timed: told by the loop after each turn, at a cost of less than a microsecond an event."""

from collections import Counter as Tally
from collections.abc import Sequence

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram

from orchestrator.planning.turn import Fact
from statemachines import jobrun
from statemachines.failure import Failure
from statemachines.ids import SECOND_US, InstanceId, RunId, Timestamp
from statemachines.partition import PartitionFailed, PartitionUpForRetry
from statemachines.traits import attempt_of, head_of
from statemachines.world import World

SHORT_S = (0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5)
"""Of a commit and of a turn: from a fast disk to one in trouble."""
LONG_S = (0.01, 0.1, 0.5, 1.0, 5.0, 15.0, 60.0, 300.0, 900.0, 3600.0, 14400.0)
"""Of a JobRun."""
EVENTS = (1, 3, 10, 30, 100, 300, 1000, 3000, 10000)

_OUTCOMES: dict[type, str] = {
    jobrun.JobRunSucceeded: "succeeded",
    jobrun.JobRunFailed: "failed",
    jobrun.JobRunDepMiss: "dep_miss",
    jobrun.JobRunLost: "lost",
    jobrun.JobRunCanceled: "canceled",
}


class PrometheusMeter:
    """Counters and histograms of one engine. Implements the loop's port ``Meter``."""

    def __init__(self, registry: CollectorRegistry) -> None:
        """Register everything that is counted here."""
        self._events = Counter("wantd_events", "Events appended to the log, by kind.", ["kind"], registry=registry)
        self._commit_seconds = Histogram(
            "wantd_commit_seconds",
            "How long it took to make a batch durable, outputs included.",
            buckets=SHORT_S,
            registry=registry,
        )
        self._commit_events = Histogram("wantd_commit_events", "Events in a batch.", buckets=EVENTS, registry=registry)
        self._turn_seconds = Histogram(
            "wantd_turn_seconds", "How long a turn of the loop took.", buckets=SHORT_S, registry=registry
        )
        self._run_seconds = Histogram(
            "wantd_jobrun_seconds",
            "How long a JobRun was under way, from its launch to its end, by job.",
            ["job_name"],
            buckets=LONG_S,
            registry=registry,
        )
        self._run_ends = Counter(
            "wantd_jobrun_ends", "JobRuns that ended, by job and outcome.", ["job_name", "outcome"], registry=registry
        )
        self._retries = Counter(
            "wantd_partition_retries",
            "Tries that failed and may be repeated, by job and class of failure.",
            ["job_name", "failure"],
            registry=registry,
        )
        self._failures = Counter(
            "wantd_partition_failures",
            "Tries that failed for good, by job and class of failure.",
            ["job_name", "failure"],
            registry=registry,
        )
        self._replay_seconds = Gauge(
            "wantd_replay_seconds", "How long it took to read the world back from the log.", registry=registry
        )
        self._snapshot_seconds = Gauge(
            "wantd_snapshot_seconds", "How long it took to make the newest snapshot of this life.", registry=registry
        )
        self._clock_sets = Counter(
            "wantd_clock_sets", "How often the wall clock was set, by direction.", ["direction"], registry=registry
        )
        for direction in ("back", "forward"):  # so that the first time is seen as one more
            self._clock_sets.labels(direction)
        self._launched: dict[RunId, Timestamp] = {}

    def began(self, world: World) -> None:
        """Take in the JobRuns that are under way already."""
        for run in world.open_runs:
            state = world.runs[run]
            if isinstance(state, jobrun.Started):
                self._launched[run] = state.since

    def restored(self, seconds: float) -> None:
        """The world was read back from the log."""
        self._replay_seconds.set(seconds)

    def kept_snapshot(self, seconds: float) -> None:
        """A snapshot was made."""
        self._snapshot_seconds.set(seconds)

    def clock_set(self, by_us: int) -> None:
        """The wall clock was set."""
        self._clock_sets.labels("back" if by_us < 0 else "forward").inc()

    def committed(self, events: int, seconds: float) -> None:
        """A batch became durable."""
        self._commit_seconds.observe(seconds)
        self._commit_events.observe(events)

    def turned(self, facts: Sequence[Fact], world: World, seconds: float) -> None:
        """A turn is over, and what it recorded is durable."""
        self._turn_seconds.observe(seconds)
        for kind, number in Tally(type(fact.event) for fact in facts).items():
            self._events.labels(kind.__name__).inc(number)
        for fact in facts:
            match fact.event:
                case jobrun.JobRunLaunching(at=at, id=run):
                    self._launched[run] = at
                case jobrun.JobRunEvent(at=at, id=run) as event if type(event) in _OUTCOMES:
                    self._end(run, at, _OUTCOMES[type(event)], world)
                case PartitionUpForRetry(id=instance, after=Failure(kind=failure)):
                    self._retries.labels(_job_of(world, instance), failure).inc()
                case PartitionFailed(id=instance, failure=failure):
                    self._failures.labels(_job_of(world, instance), failure.kind).inc()
                case _:
                    pass

    def _end(self, run: RunId, at: Timestamp, outcome: str, world: World) -> None:
        job = head_of(world.runs[run]).job
        self._run_ends.labels(job, outcome).inc()
        launched = self._launched.pop(run, None)
        if launched is not None:
            self._run_seconds.labels(job).observe(max(0, at - launched) / SECOND_US)


def _job_of(world: World, instance: InstanceId) -> str:
    attempt = attempt_of(world.partitions[instance])
    assert attempt is not None, "what failed was being made"
    return head_of(world.runs[attempt.run]).job
