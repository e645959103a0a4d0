"""The ``configure`` executables of a simulated application: what they print, and how they fail to.

Only the process is simulated. Its answer is checked by the real code, which must not believe any of it.
"""

import asyncio
from collections.abc import Callable, Mapping
from pathlib import Path

import msgspec

from orchestrator.catalog import Job
from statemachines.refs import Ref
from tests.model.graphs import Plan
from tests.simulation.faults import Faults

LONGEST_S = 2.0
PATIENCE_S = 60.0

Answers = Callable[[tuple[Ref, ...]], bytes]


class Questions:
    """Answers for the jobs of a plan. ``misbehaviors`` are all the ways to answer other than honestly."""

    def __init__(self, plan: Plan, faults: Faults) -> None:
        self._plan = plan
        self._faults = faults
        self._trouble = faults.dice.choice([0.0, 0.1, 0.4])
        self.misbehaviors: dict[str, Answers] = {
            "a question fails": self._fails,
            "a question has no answer": self._nothing_in_time,
            "an answer is no JSON": lambda refs: b"what?",
            "an answer leaves one out": lambda refs: self.honest(refs[1:]),
            "an answer has one too many": lambda refs: self.honest((*refs, Ref("nobody/1"))),
        }

    async def run(self, job: Job, refs: tuple[Ref, ...], folder: Path, env: Mapping[str, str]) -> bytes:
        """What it prints, after a while. Stands in place of the function that runs the process."""
        await asyncio.sleep(self._faults.delay(LONGEST_S))
        if self._goes_well():
            self._faults.counted["a job is asked"] += 1
            return self.honest(refs)
        name = self._faults.dice.choice([*self.misbehaviors])
        self._faults.counted[name] += 1
        if name == "a question has no answer":
            await asyncio.sleep(PATIENCE_S)
            if self._faults.stopped:
                return self.honest(refs)
        return self.misbehaviors[name](refs)

    def _goes_well(self) -> bool:
        return self._faults.stopped or self._faults.dice.random() >= self._trouble

    def honest(self, refs: tuple[Ref, ...]) -> bytes:
        """One JobConfig for each ref, or for some that need the same."""
        together: list[list[Ref]] = []
        for ref in refs:
            if together and self._alike(together[-1][0], ref) and self._faults.dice.random() < 0.5:
                together[-1].append(ref)
            else:
                together.append([ref])
        return msgspec.json.encode([{"outputs": made, "inputs": self._inputs(made[0])} for made in together])

    def _alike(self, one: Ref, other: Ref) -> bool:
        known = self._plan.maker(one) == self._plan.maker(other) == "job"
        return known and self._plan.needs(one) == self._plan.needs(other)

    def _inputs(self, ref: Ref) -> list[dict[str, str]]:
        if self._plan.maker(ref) != "job":
            return []
        needs = self._plan.needs(ref).items()
        return [{"ref": need, "type": "materialize" if built else "query"} for need, built in needs]

    def _fails(self, refs: tuple[Ref, ...]) -> bytes:
        raise ValueError(f"it ended with exit code 1: no idea of {len(refs)} refs")

    def _nothing_in_time(self, refs: tuple[Ref, ...]) -> bytes:
        raise TimeoutError(f"it gave no answer within {PATIENCE_S:g} s")
