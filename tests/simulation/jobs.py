"""What simulated jobs do when their time is over: each way to end leaves a report and outputs, and gives an exit.

``honest`` says what it still needs, else makes everything; the same bytes come of the same inputs.
"""

from collections.abc import Callable, Iterable
from pathlib import Path
from zlib import crc32

import msgspec

from orchestrator.executors.base import ProcessStart
from orchestrator.observations import Exit
from orchestrator.runtime.told import Told
from orchestrator.store import MemoryStore
from tests.model.graphs import Plan
from tests.simulation.faults import Faults

DONE = Exit(kind="exit")
BAD = Exit(kind="exit", code=3)


Deed = Callable[[ProcessStart, Told], Exit]


class Jobs:
    """Plays the jobs of a plan. ``misbehaviors`` are all the ways to end other than honestly."""

    def __init__(self, plan: Plan, disk: MemoryStore, faults: Faults) -> None:
        self._plan = plan
        self._disk = disk
        self._faults = faults
        self.trouble = faults.dice.choice([0.05, 0.2, 0.5])
        self.misbehaviors: dict[str, Deed] = {
            "a job fails": _just(BAD),
            "a job dies of a signal": _just(Exit(kind="signal", code=9)),
            "a job takes too long": _just(Exit(kind="timeout")),
            "a job is lost": _just(Exit(kind="lost")),
            "a job can not be started": _just(Exit(kind="could_not_start", message="no such file")),
            "a report is cut short": self._cut_short,
            "an output is missing": self._one_output_missing,
            "a job misses anything": self._misses_anything,
            "a job misses what it was given": self._misses_given,
            "a job misses what nobody makes": lambda start, told: self._misses(start, ["nobody/1"]),
            "a job misses what it makes": lambda start, told: self._misses(start, [told.outputs[0].ref]),
            "one of a batch fails": self._one_fails,
            "a job fails with one output complete": self._one_complete,
            "a job reads less than it was given": self._reads_less,
        }

    def play(self, start: ProcessStart) -> Exit:
        """Do the work of a run, honestly or not."""
        told = msgspec.json.decode(Path(start.env["WANTD_CONTEXT"]).read_bytes(), type=Told)
        dice = self._faults.dice
        if self._faults.stopped or dice.random() > self.trouble:
            return self.honest(start, told)
        name = dice.choice([*self.misbehaviors])
        self._faults.counted[name] += 1
        return self.misbehaviors[name](start, told)

    def honest(self, start: ProcessStart, told: Told) -> Exit:
        """Report what is still missing, else make everything."""
        given = {one.ref for one in told.inputs}
        missing = {out.ref: [need for need in self._plan.hidden(out.ref) if need not in given] for out in told.outputs}
        lines = [{"missing": needs, "for": [ref]} for ref, needs in missing.items() if needs]
        if lines:
            _say(start, lines)
            return BAD
        self._make(told, [out.ref for out in told.outputs])
        return DONE

    def _make(self, told: Told, refs: Iterable[str]) -> None:
        read = " ".join(sorted(one.digest for one in told.inputs))
        for out in told.outputs:
            if out.ref in refs:
                self._disk.write(Path(out.location), f"{out.ref} of {crc32(read.encode()):x}".encode())

    def _cut_short(self, start: ProcessStart, told: Told) -> Exit:
        Path(start.env["WANTD_REPORT"]).write_bytes(b'{"read"')
        self._make(told, [out.ref for out in told.outputs])
        return DONE

    def _one_output_missing(self, start: ProcessStart, told: Told) -> Exit:
        self._make(told, [out.ref for out in told.outputs[1:]])
        return DONE

    def _misses(self, start: ProcessStart, refs: list[str]) -> Exit:
        _say(start, [{"missing": refs}])
        return self._faults.dice.choice([DONE, BAD])

    def _misses_anything(self, start: ProcessStart, told: Told) -> Exit:
        return self._misses(start, self._faults.dice.sample(self._plan.refs(), 2))

    def _misses_given(self, start: ProcessStart, told: Told) -> Exit:
        return self._misses(start, [told.inputs[0].ref]) if told.inputs else BAD

    def _one_fails(self, start: ProcessStart, told: Told) -> Exit:
        _say(start, [{"failed": told.outputs[0].ref, "reason": "it was bad"}])
        self._make(told, [out.ref for out in told.outputs])
        return DONE

    def _one_complete(self, start: ProcessStart, told: Told) -> Exit:
        self._make(told, [told.outputs[0].ref])
        _say(start, [{"output": told.outputs[0].ref}])
        return BAD

    def _reads_less(self, start: ProcessStart, told: Told) -> Exit:
        _say(start, [{"read": [one.ref for one in told.inputs[1:]]}])
        self._make(told, [out.ref for out in told.outputs])
        return DONE


def _just(exit_: Exit) -> Deed:
    """End like this, and leave nothing."""
    return lambda start, told: exit_


def _say(start: ProcessStart, lines: Iterable[object]) -> None:
    Path(start.env["WANTD_REPORT"]).write_bytes(b"".join(msgspec.json.encode(line) + b"\n" for line in lines))
