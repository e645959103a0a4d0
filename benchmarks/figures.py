"""Rows of the same side, case and phase put together: medians, and what they are of."""

from collections.abc import Iterable, Sequence
from statistics import median

import msgspec

from benchmarks.rows import Batch, Case, Phase, Row, Side, Subject
from benchmarks.workloads import JOB_KINDS, SHAPES, JobKind


class Medians(msgspec.Struct, frozen=True):
    """What the runs of one phase come to."""

    runs: int
    seconds: float
    partitions: int
    commits: float | None
    events: float | None
    p99: float | None
    peak_mb: float | None
    held_mb: float | None

    @property
    def us_a_partition(self) -> float:
        """Microseconds for each partition."""
        return self.seconds / self.partitions * 1e6

    @property
    def us_an_event(self) -> float:
        """Microseconds for each event; there have to be some."""
        assert self.events, "asked only where events were counted"
        return self.seconds / self.events * 1e6


class Figures:
    """All that was measured."""

    def __init__(self, rows: Iterable[Row]) -> None:
        self._runs: dict[tuple[Side, Subject, Phase], list[Row]] = {}
        for row in rows:
            self._runs.setdefault((row.side, row.case, row.phase), []).append(row)
        self._medians = {key: _medians(runs) for key, runs in self._runs.items()}

    def of(self, side: Side, case: Subject, phase: Phase) -> Medians | None:
        """The medians of one phase, or None where it was not measured."""
        return self._medians.get((side, case, phase))

    def runs(self, side: Side, case: Subject, phase: Phase) -> Sequence[Row]:
        """Every run of one phase."""
        return self._runs.get((side, case, phase), ())

    def cases(self, phase: Phase, job: JobKind | None = None, side: Side = "wantd") -> list[Case]:
        """The cases of which a side has a phase, in the order of tables: without anything added to a commit."""
        measured = (case for one, case, of in self._medians if (one, of) == (side, phase))
        plain = [case for case in measured if isinstance(case, Case) and not case.delay_ms]
        return sorted((case for case in plain if job in {None, case.job}), key=_place)

    def each(self, phase: Phase, job: JobKind | None = None, side: Side = "wantd") -> list[tuple[Case, Medians]]:
        """The same cases, with their medians in that phase."""
        return [(case, self._medians[side, case, phase]) for case in self.cases(phase, job, side)]

    def slowed(self) -> list[Case]:
        """The cases in which something was added to each commit."""
        measured = (case for one, case, of in self._medians if (one, of) == ("wantd", "build"))
        return [case for case in measured if isinstance(case, Case) and case.delay_ms]

    def batches(self) -> list[Batch]:
        """The sizes of batches that logs were written in."""
        measured = (case for one, case, _ in self._medians if one == "wantd")
        return sorted((case for case in measured if isinstance(case, Batch)), key=lambda batch: batch.events)


def _place(case: Case) -> tuple[int, int, int]:
    return _index(JOB_KINDS, case.job), _index(SHAPES, case.shape), case.n


def _index(names: Sequence[str], name: str) -> int:
    return names.index(name) if name in names else len(names)


def _medians(runs: Sequence[Row]) -> Medians:
    return Medians(
        len(runs),
        median(row.seconds for row in runs),
        runs[0].partitions,
        _median(row.commits for row in runs),
        _median(row.events for row in runs),
        _median(row.p99 for row in runs),
        _median(row.peak_mb for row in runs),
        _median(row.held_mb for row in runs),
    )


def _median(values: Iterable[float | None]) -> float | None:
    known = [value for value in values if value is not None]
    return median(known) if known else None
