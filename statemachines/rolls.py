"""The rolls of a world: who was there when, and in which state, for lists that come in pages.

JobRuns are on three rolls: that of all, that of their job and that of the want that led to them. A batch may close for
another want than it was opened for; then it moves to the end of that want's roll. Wants are on one.

Kept by ``world`` and by nobody else; ``laws`` recount them. An ended JobRun is never looked up again, so only the
places of open ones are known by id. Size: 35 bytes a JobRun.
"""

from array import array
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from typing import get_args

from statemachines import jobrun, want
from statemachines.ids import RunId, WantId
from statemachines.jobrun import Buffering, JobRun, RunSpec
from statemachines.roll import GONE, Roll

RUN_CODES: dict[type[JobRun], int] = {state: code for code, state in enumerate(get_args(jobrun.JobRun), start=1)}
WANT_CODES: dict[type[want.Want], int] = {state: code for code, state in enumerate(get_args(want.Want), start=1)}


class RunRolls:
    """The rolls of JobRuns."""

    __slots__ = ("_in_job", "_in_want", "all", "of_job", "of_want")

    def __init__(self) -> None:
        self.all: Roll[RunId] = Roll()
        self.of_job: defaultdict[str, Roll[RunId]] = defaultdict(Roll)
        self.of_want: defaultdict[WantId, Roll[RunId]] = defaultdict(Roll)
        self._in_job = array("I")
        self._in_want = array("I")

    def copy(self) -> "RunRolls":
        """The same, to go on from by itself."""
        other = RunRolls()
        other.all, other._in_job, other._in_want = self.all.copy(), self._in_job[:], self._in_want[:]
        other.of_job.update((job, roll.copy()) for job, roll in self.of_job.items())
        other.of_want.update((wish, roll.copy()) for wish, roll in self.of_want.items())
        return other

    def add(self, head: Buffering | RunSpec, state: type[JobRun]) -> int:
        """A JobRun came to be. Gives its place, by which it is known from now on."""
        run, code = head.id, RUN_CODES[state]
        self._in_want.append(self.of_want[head.want].add(run, code))
        self._in_job.append(self.of_job[head.job].add(run, code))
        return self.all.add(run, code)

    def extend(
        self,
        runs: Sequence[RunId],
        codes: bytes,
        jobs: Iterable[tuple[str, slice]],
        wants: Iterable[tuple[WantId, slice]],
    ) -> None:
        """JobRuns came to be; which of them are of a job, and which of a want, is told part by part."""
        for wish, part in wants:
            self._in_want.extend(self.of_want[wish].extend(runs[part], codes[part]))
        for job, part in jobs:
            self._in_job.extend(self.of_job[job].extend(runs[part], codes[part]))
        self.all.extend(runs, codes)

    def enter(self, place: int, before: JobRun, head: Buffering | RunSpec, state: type[JobRun]) -> None:
        """The JobRun at a place entered another state."""
        code = RUN_CODES[state]
        self.all.codes[place] = code
        self.of_job[head.job].codes[self._in_job[place]] = code
        if type(before) is Buffering and before.want != head.want:
            self.of_want[before.want].codes[self._in_want[place]] = GONE
            self._in_want[place] = self.of_want[head.want].add(before.id, code)
        else:
            self.of_want[head.want].codes[self._in_want[place]] = code

    def open(self) -> dict[RunId, int]:
        """The open JobRuns, with their places."""
        places = self.all.places(RUN_CODES[state] for state in jobrun.OPEN_STATES)
        return {self.all.ids[place]: place for place in places}

    def numbers(self) -> Iterator[tuple[tuple[type[JobRun], str], int]]:
        """How many JobRuns there are in each state of each job, where there are any."""
        for job, roll in self.of_job.items():
            yield from (((state, job), number) for state, number in roll.numbers(RUN_CODES))
