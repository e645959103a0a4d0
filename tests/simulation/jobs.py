"""What simulated jobs do when their time is over: each way to end leaves a report and outputs, and gives an exit.

``honest`` says what it still needs, else makes everything; the same bytes come of the same inputs. Processes, workers
and inline calls do the same work; only how they are told and how they say something differs.
"""

from collections.abc import Callable, Iterable
from pathlib import Path
from typing import NamedTuple
from zlib import crc32

import msgspec

from orchestrator.executors.base import KeptStart
from orchestrator.observations import Exit
from orchestrator.runtime.inline import InlineContext
from orchestrator.runtime.told import Told
from orchestrator.store import MemoryStore
from tests.model.graphs import Plan
from tests.simulation.faults import Faults
from tests.simulation.kinds import Kind

DONE = Exit(kind="exit")
BAD = Exit(kind="exit", code=3)


class Work(NamedTuple):
    """A run as its job sees it: what it is told, and where what it says goes to."""

    told: Told
    say: Callable[[bytes], object]


Deed = Callable[[Work], Exit]


class Jobs:
    """Plays the jobs of a plan. ``misbehaviors`` are all the ways to end other than honestly."""

    def __init__(self, plan: Plan, kinds: dict[str, Kind], disk: MemoryStore, faults: Faults) -> None:
        self._plan = plan
        self._kinds = kinds
        self._disk = disk
        self._faults = faults
        self.trouble = faults.dice.choice([0.05, 0.2, 0.5])
        self.misbehaviors: dict[str, Deed] = {
            "a job fails": _just(BAD),
            "a job dies of a signal": _just(Exit(kind="signal", code=9)),
            "a job takes too long": _just(Exit(kind="timeout")),
            "a job is lost": _just(Exit(kind="lost")),
            "a job cannot be started": _just(Exit(kind="could_not_start", message="no such file")),
            "a report is cut short": self._cut_short,
            "an output is missing": self._one_output_missing,
            "a job misses anything": self._misses_anything,
            "a job misses what it was given": self._misses_given,
            "a job misses what nobody makes": lambda work: self._misses(work, ["nobody/1"]),
            "a job misses what it makes": lambda work: self._misses(work, [work.told.outputs[0].ref]),
            "one of a batch fails": self._one_fails,
            "a job fails with one output complete": self._one_complete,
            "a job reads less than it was given": self._reads_less,
        }

    def play(self, work: Work) -> Exit:
        """Do the work of a run, honestly or not."""
        dice = self._faults.dice
        if self._faults.stopped or dice.random() > self.trouble:
            return self.honest(work)
        name = dice.choice([*self.misbehaviors])
        self._faults.counted[name] += 1
        return self.misbehaviors[name](work)

    def play_kept(self, start: KeptStart) -> Exit:
        """Do the work of a run that a keeper started; what it says comes with its end."""
        said: list[bytes] = []
        told = msgspec.json.decode(start.context, type=Told)
        try:
            self._disk.prepare(Path(out.location) for out in told.outputs)
        except OSError as error:
            return Exit(kind="could_not_start", message=f"its files cannot be written: {error}")
        how = self.play(Work(told, said.append))
        return msgspec.structs.replace(how, said=b"".join(said))

    def call(self, context: InlineContext) -> None:
        """Do the work of an inline run; it fails as a function does, whatever would become of a process."""
        told = context._tell()
        if self._kinds[told.job] != "said":
            assert context.outputs, "who asks where its outputs are has their folders made"
        how = self.play(Work(told, context.said.append))
        if how != DONE:
            raise SystemExit(how.code or 1)

    def honest(self, work: Work) -> Exit:
        """Report what is still missing, else make everything."""
        told = work.told
        given = {one.ref for one in told.inputs}
        missing = {out.ref: [need for need in self._plan.hidden(out.ref) if need not in given] for out in told.outputs}
        lines = [{"missing": needs, "for": [ref]} for ref, needs in missing.items() if needs]
        if lines:
            _say(work, *lines)
            return BAD
        self._make(work, [out.ref for out in told.outputs])
        return DONE

    def _make(self, work: Work, refs: Iterable[str]) -> None:
        read = crc32(" ".join(sorted(one.digest for one in work.told.inputs)).encode())
        made = [out for out in work.told.outputs if out.ref in refs]
        if self._kinds[work.told.job] == "said":
            _say(work, *({"output": out.ref, "digest": f"{out.ref}:{read:x}"} for out in made))
            return
        for out in made:
            self._disk.write(Path(out.location), f"{out.ref} of {read:x}".encode())

    def _cut_short(self, work: Work) -> Exit:
        work.say(b'{"read"')
        if self._kinds[work.told.job] != "said":
            self._make(work, [out.ref for out in work.told.outputs])
        return DONE

    def _one_output_missing(self, work: Work) -> Exit:
        self._make(work, [out.ref for out in work.told.outputs[1:]])
        return DONE

    def _misses(self, work: Work, refs: list[str]) -> Exit:
        _say(work, {"missing": refs})
        return self._faults.dice.choice([DONE, BAD])

    def _misses_anything(self, work: Work) -> Exit:
        return self._misses(work, self._faults.dice.sample(self._plan.refs(), 2))

    def _misses_given(self, work: Work) -> Exit:
        return self._misses(work, [work.told.inputs[0].ref]) if work.told.inputs else BAD

    def _one_fails(self, work: Work) -> Exit:
        refs = [out.ref for out in work.told.outputs]
        self._say_and_make(work, refs, {"failed": refs[0], "reason": "it was bad"})
        return DONE

    def _one_complete(self, work: Work) -> Exit:
        first = work.told.outputs[0].ref
        self._say_and_make(work, [first], {"output": first})
        return BAD

    def _reads_less(self, work: Work) -> Exit:
        read = [one.ref for one in work.told.inputs[1:]]
        self._say_and_make(work, [out.ref for out in work.told.outputs], {"read": read})
        return DONE

    def _say_and_make(self, work: Work, refs: Iterable[str], line: object) -> None:
        """Say one thing before what is said of the outputs: a report is one file, written once here."""
        said: list[bytes] = [msgspec.json.encode(line)]
        self._make(Work(work.told, said.append), refs)
        work.say(b"\n".join(said))


def _just(exit_: Exit) -> Deed:
    """End like this, and leave nothing."""
    return lambda work: exit_


def _say(work: Work, *lines: object) -> None:
    work.say(b"\n".join(map(msgspec.json.encode, lines)))
