"""The rolls of a world: who was there when, and in which state, for lists that come in pages.

JobRuns are on three rolls: that of all, that of their job and that of the want that led to them. A batch may close for
another want than it was opened for; then it moves to the end of that want's roll. Wants are on one.

Kept by ``world`` and by nobody else; ``laws`` recount them. An ended JobRun is never looked up again, so only the
places of open ones are known by id. Size: 35 bytes a JobRun.
"""

from array import array
from typing import TypeVar, get_args

from statemachines import jobrun, want
from statemachines.ids import RunId, WantId
from statemachines.jobrun import JobRun
from statemachines.roll import GONE, Roll
from statemachines.traits import head_of

RUN_CODES: dict[type, int] = {state: code for code, state in enumerate(get_args(jobrun.JobRun), start=1)}
WANT_CODES: dict[type, int] = {state: code for code, state in enumerate(get_args(want.Want), start=1)}


K = TypeVar("K", bound=str)


class RunRolls:
    """The rolls of JobRuns."""

    __slots__ = ("_in_job", "_in_want", "all", "of_job", "of_want")

    def __init__(self) -> None:
        self.all: Roll[RunId] = Roll()
        self.of_job: dict[str, Roll[RunId]] = {}
        self.of_want: dict[WantId, Roll[RunId]] = {}
        self._in_job = array("I")
        self._in_want = array("I")

    def copy(self) -> "RunRolls":
        """The same, to go on from by itself."""
        other = RunRolls()
        other.all, other._in_job, other._in_want = self.all.copy(), self._in_job[:], self._in_want[:]
        other.of_job = {job: roll.copy() for job, roll in self.of_job.items()}
        other.of_want = {wish: roll.copy() for wish, roll in self.of_want.items()}
        return other

    def add(self, run: RunId, state: JobRun) -> int:
        """A JobRun came to be. Gives its place, by which it is known from now on."""
        head, code = head_of(state), RUN_CODES[type(state)]
        in_job, in_want = _roll(self.of_job, head.job), _roll(self.of_want, head.want)
        self._in_job.append(len(in_job.ids))
        self._in_want.append(len(in_want.ids))
        for roll in (self.all, in_job, in_want):
            roll.ids.append(run)
            roll.codes.append(code)
        return len(self.all.ids) - 1

    def enter(self, place: int, before: JobRun, after: JobRun) -> None:
        """The JobRun at a place entered another state."""
        head, code = head_of(after), RUN_CODES[type(after)]
        self.all.codes[place] = code
        self.of_job[head.job].codes[self._in_job[place]] = code
        if type(before) is jobrun.Buffering and before.want != head.want:
            self.of_want[before.want].codes[self._in_want[place]] = GONE
            self._in_want[place] = _roll(self.of_want, head.want).add(before.id, code)
        else:
            self.of_want[head.want].codes[self._in_want[place]] = code


def _roll(rolls: dict[K, Roll[RunId]], key: K) -> Roll[RunId]:
    found = rolls.get(key)
    if found is None:
        found = rolls[key] = Roll()
    return found
