"""How simulated JobRuns do: as the recorded ones did, ref by ref and try by try.

The n-th try of a ref does as its n-th try did. A JobRun that makes exactly what a recorded one made takes as long and
ends alike. One that makes other refs together takes the share that each of them took of its own JobRun, and each output
fares as its own did. Where nothing is recorded any more, the last try of the ref repeats itself; a ref that was never
tried is made, in the time that is the median of its job. No program is started here, or could be.
"""

from collections.abc import Iterable, Sequence
from statistics import median
from typing import NamedTuple

import msgspec

from orchestrator.history.script import Attempt
from orchestrator.observations import Exit, Found, JobEnded, Nothing
from orchestrator.report import BadReport, Made, Missing, Report
from statemachines import jobrun, partition
from statemachines.failure import Failure
from statemachines.ids import SECOND_US, RunId
from statemachines.jobrun import RunSpec
from statemachines.partition import BuiltReading, Content, InputsArrived, Live, Partition
from statemachines.refs import Ref
from statemachines.world import World

UNKNOWN_US = SECOND_US
"""How long a JobRun takes of whose job none ever ended."""


class Part(NamedTuple):
    """How one simulated JobRun goes."""

    after_us: int
    """When it ends, counted from its launch."""
    seen_after_us: int | None
    """When it is seen running, if it ever is."""
    stopping_us: int
    """How long it takes to end if it is told to stop."""
    end_seq: int
    """The entry of the end that it repeats: of what is due at one moment, the earlier comes first."""
    ended: JobEnded
    stopped: JobEnded
    """How it ends if it is told to stop."""


class Cast:
    """Gives each simulated JobRun its part. ``world`` is what the attempts' instances are looked up in."""

    def __init__(self, attempts: Sequence[Attempt], after: int, world: World) -> None:
        self._world = world
        self._takes: dict[Ref, list[Attempt]] = {}
        """The recorded tries of each ref that are still to be repeated."""
        self._last: dict[Ref, Attempt] = {}
        durations: dict[str, list[int]] = {}
        for attempt in attempts:
            if attempt.took_us is not None:
                durations.setdefault(attempt.spec.job, []).append(attempt.took_us)
            if attempt.end is None:
                continue
            for ref in attempt.refs:
                self._last[ref] = attempt
                if attempt.end_seq > after:
                    self._takes.setdefault(ref, []).append(attempt)
        self._medians = {job: round(median(took)) for job, took in durations.items()}

    def part(self, spec: RunSpec, given: Iterable[Ref]) -> Part:
        """How a JobRun goes that was launched for these outputs, with these refs given to it."""
        there, refs = frozenset(given), tuple(output.ref for output in spec.outputs)
        whole = self._same(refs)
        if whole is not None and not all(_is_moot(whole, ref, there) for ref in refs):
            for ref in refs:
                self._takes[ref].pop(0)
            return self._again(spec.id, whole)
        takes = {ref: self._take(ref, there) for ref in refs}
        first = takes[refs[0]]
        if first is not None and all(take is first for take in takes.values()) and len(refs) == len(first.refs):
            return self._again(spec.id, first)
        return self._mixed(spec, takes)

    def _same(self, refs: Sequence[Ref]) -> Attempt | None:
        """The recorded try that comes next for all of these refs, and made nothing else."""
        following = {next(iter(self._takes.get(ref, ())), None) for ref in refs}
        (same,) = following if len(following) == 1 else (None,)
        return same if same is not None and len(same.refs) == len(refs) else None

    def _take(self, ref: Ref, given: frozenset[Ref]) -> Attempt | None:
        """The next recorded try of a ref; one that only missed what is there by now is passed over."""
        takes = self._takes.get(ref, [])
        while takes:
            attempt = takes.pop(0)
            if not _is_moot(attempt, ref, given):
                return attempt
        last = self._last.get(ref)
        return None if last is None or _is_moot(last, ref, given) else last

    def _again(self, run: RunId, attempt: Attempt) -> Part:
        took = self._took_us(attempt)
        seen = None if attempt.seen_at is None else min(took, attempt.seen_at - attempt.launched_at)
        report, found = self._told(attempt.refs, dict.fromkeys(attempt.refs, attempt))
        ended = _ended(run, attempt, report, found)
        well = attempt.stopped_at is not None and not attempt.was_stopped
        stopped = (
            msgspec.structs.replace(ended, exit=Exit(kind="exit", stop_requested=True)) if well else _stopped(ended)
        )
        return Part(took, seen, attempt.stopping_us, attempt.end_seq, ended, stopped)

    def _took_us(self, attempt: Attempt) -> int:
        """How long a recorded try took; one that was stopped would have taken the usual time, or at least as long."""
        if attempt.took_us is not None:
            return attempt.took_us
        ran = 0 if attempt.stopped_at is None else attempt.stopped_at - attempt.launched_at + 1
        return max(ran, self._medians.get(attempt.spec.job, UNKNOWN_US))

    def _mixed(self, spec: RunSpec, takes: dict[Ref, Attempt | None]) -> Part:
        usual = self._medians.get(spec.job, UNKNOWN_US)
        shares = [usual if one is None else self._took_us(one) // len(one.refs) for one in takes.values()]
        report, found = self._told(tuple(takes), takes)
        ended = JobEnded(spec.id, Exit(kind="exit"), report, found)
        return Part(sum(shares), None, 0, 0, ended, _stopped(ended))

    def _told(self, refs: Sequence[Ref], takes: dict[Ref, Attempt | None]) -> tuple[Report, dict[Ref, Found]]:
        """What the JobRun reports, and what lies where its outputs should be."""
        fates = {ref: _fate(takes[ref], ref) for ref in refs}
        unknown = {ref: Made(f"simulated:{ref}", {}) for ref, fate in fates.items() if fate is None}
        live = {ref: fate for ref, fate in fates.items() if isinstance(fate, Live)}
        report = Report(
            missing=tuple(Missing(needs, (ref,)) for ref in refs if (needs := _missed(takes[ref], fates[ref]))),
            read=self._read(list(live.values())),
            outputs=unknown | {ref: Made(one.content.digest, dict(one.content.metadata)) for ref, one in live.items()},
            failed={
                ref: failure.reason
                for ref in refs
                if (failure := _failure(fates[ref])) and not _missed(takes[ref], fates[ref])
            },
        )
        return report, {ref: _found(ref, fate) for ref, fate in fates.items()}

    def _read(self, made: list[Live]) -> frozenset[Ref] | None:
        """What it said it read, where that is told: by one output, or by all alike."""
        reads = {live.origin.reads if isinstance(live.origin, BuiltReading) else None for live in made}
        (same,) = reads if len(reads) == 1 else (None,)
        return None if same is None else frozenset(self._world.partitions[one].spec.ref for one in same)


def _fate(attempt: Attempt | None, ref: Ref) -> Partition | None:
    """What became of a ref; None where nothing is known, or it was stopped: then it is made."""
    return None if attempt is None or attempt.was_stopped else attempt.fates.get(ref)


def _missed(attempt: Attempt | None, fate: Partition | None) -> tuple[Ref, ...]:
    """What it said that it missed; one that repeated itself missed what it had been given."""
    if isinstance(fate, partition.UpstreamBuilding):
        return fate.needs
    failure = _failure(fate)
    return attempt.given if attempt is not None and failure is not None and failure.kind == "repeated_miss" else ()


def _is_moot(attempt: Attempt, ref: Ref, given: frozenset[Ref]) -> bool:
    """Whether a try ended without fault of its own, for lack of what is there by now."""
    match attempt.fates.get(ref):
        case partition.UpstreamBuilding(needs=needs):
            return given.issuperset(needs)
        case partition.UpForRetry(after=InputsArrived()):
            return True
        case _:
            return False


def _failure(fate: Partition | None) -> Failure | None:
    match fate:
        case partition.Failed(failure=failure):
            return failure
        case partition.UpForRetry(after=Failure() as failure):
            return failure
        case _:
            return None


def _found(ref: Ref, fate: Partition | None) -> Found:
    if isinstance(fate, Live):
        return fate.content
    return Nothing("it was not made when it was recorded") if fate is not None else Content(f"simulated:{ref}", files=1)


def _ended(run: RunId, attempt: Attempt, report: Report, found: dict[Ref, Found]) -> JobEnded:
    """A JobRun that ends as a recorded one did; one that was stopped then, and is not now, ends well."""
    quiet = Report(missing=report.missing, read=report.read, outputs=report.outputs)
    match attempt.end:
        case jobrun.Failed(failure=Failure(kind="bad_report", reason=reason)):
            return JobEnded(run, Exit(kind="exit"), BadReport(0, "", reason), found)
        case jobrun.Failed(failure=Failure(kind="repeated_miss")):
            return JobEnded(run, Exit(kind="exit"), quiet, found)
        case jobrun.Failed(failure=failure):
            return JobEnded(run, _exit(failure), quiet, found)
        case jobrun.Lost(reason=reason):
            return JobEnded(run, Exit(kind="lost", message=reason), Report(), found)
        case _:
            return JobEnded(run, Exit(kind="exit"), report, found)


def _stopped(ended: JobEnded) -> JobEnded:
    """The same JobRun, which did not get to its end."""
    nothing: dict[Ref, Found] = {ref: Nothing("it was stopped") for ref in ended.found}
    return JobEnded(ended.run, Exit(kind="canceled", stop_requested=True), Report(), nothing)


def _exit(failure: Failure) -> Exit:
    """The end of a process that is called this failure."""
    match failure.kind:
        case "signal":
            return Exit(kind="signal", code=9, message=failure.reason)
        case "timeout":
            return Exit(kind="timeout", message=failure.reason)
        case "could_not_start":
            return Exit(kind="could_not_start", message=failure.reason)
        case "missing_output":
            return Exit(kind="exit")
        case _:
            return Exit(kind="exit", code=1, message=failure.reason)
