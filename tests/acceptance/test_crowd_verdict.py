"""The judge of a hunt can be failed: each lie that an engine could tell is told, and seen."""

from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

import msgspec
import pytest

from statemachines.failure import Failure, FailureClass
from statemachines.ids import InstanceId, RunId, Timestamp, WantId
from statemachines.jobrun import Activation, Failed, Lost, Output, RunSpec, Succeeded
from statemachines.refs import Ref
from statemachines.world import World
from tests.acceptance.crowd_verdict import (
    Ended,
    Evidence,
    every_exit_code_is_right,
    nothing_goes_on_twice,
    nothing_is_made_again,
)
from tests.acceptance.hunting import Victim
from tests.acceptance.notes import Note

WITH = Activation("unversioned", "f")


class Case(NamedTuple):
    """What the log says, what the jobs wrote, who was killed."""

    runs: Sequence[Ended]
    notes: Sequence[Note]
    victims: Sequence[Victim] = ()


def spec(number: int, ref: str) -> RunSpec:
    return RunSpec(RunId(f"r{number}"), "j", "local", WantId("w"), (Output(Ref(ref), InstanceId(f"p{number}")),))


def succeeded(number: int, ref: str = "process/1") -> Succeeded:
    return Succeeded(spec(number, ref), Timestamp(number), WITH)


def failed(number: int, kind: FailureClass, reason: str, ref: str = "process/1") -> Failed:
    return Failed(spec(number, ref), Timestamp(number), WITH, Failure(kind, reason))


def lost(number: int, reason: str) -> Lost:
    return Lost(spec(number, "process/1"), Timestamp(number), WITH, reason)


def start(number: int, ref: str = "process/1") -> Note:
    return Note("start", RunId(f"r{number}"), 100 + number, float(number), (ref,))


def end(number: int, code: int = 0, ref: str = "process/1") -> Note:
    return Note("failed" if code else "end", RunId(f"r{number}"), 100 + number, number + 0.5, (ref,), code)


def judge(case: Case, folder: Path) -> None:
    (folder / "witnessed").write_bytes(b"".join(msgspec.json.encode(note) + b"\n" for note in case.notes))
    world = World()
    world.runs.update({run.spec.id: run for run in case.runs})
    evidence = Evidence(folder, world, case.victims)
    nothing_goes_on_twice(evidence)
    nothing_is_made_again(evidence)
    every_exit_code_is_right(evidence)


def stumbled(code: int = 7) -> Failed:
    return failed(1, "exit_code", f"it ended with exit code {code}")


def killed(number: int = 1, ref: str = "process/1") -> Failed:
    return failed(number, "signal", "killed by SIGKILL", ref)


KEEPER_DIED = "its keeper (pid 9) died while it ran; what it had started was killed"
TRUE = {
    "it stumbled, then succeeded": Case([stumbled(), succeeded(2)], [start(1), end(1, 7), start(2), end(2)]),
    "it was killed": Case([killed(), succeeded(2)], [start(1), start(2), end(2)], [Victim("job", 101, 1.2)]),
    "its keeper was killed": Case(
        [lost(1, KEEPER_DIED), succeeded(2)], [start(1), start(2), end(2)], [Victim("keeper", 9, 1.2)]
    ),
    "it was hopeless": Case(
        [failed(1, "exit_code", "it ended with exit code 3", "hopeless/process/1")],
        [start(1, "hopeless/process/1"), end(1, 3, "hopeless/process/1")],
    ),
}
FALSE = {
    "a run starts twice": Case([succeeded(1)], [start(1), start(1), end(1)]),
    "what runs is not in the log": Case([succeeded(1)], [start(1), end(1), start(2)]),
    "what was done is done again": Case([succeeded(1), succeeded(2)], [start(1), end(1), start(2), end(2)]),
    "a lost run goes on": Case(
        [lost(1, KEEPER_DIED), succeeded(2)], [start(1), start(2), end(1), end(2)], [Victim("keeper", 9, 1.2)]
    ),
    "a failure is called a success": Case([succeeded(1)], [start(1), end(1, 7)]),
    "a success is called a failure": Case([stumbled(), succeeded(2)], [start(1), end(1), start(2), end(2)]),
    "another exit code": Case([stumbled(8), succeeded(2)], [start(1), end(1, 7), start(2), end(2)]),
    "an end that nobody reached": Case([succeeded(1)], [start(1)]),
    "killed by nobody": Case([killed(), succeeded(2)], [start(1), start(2), end(2)]),
    "lost without a cause": Case([lost(1, KEEPER_DIED), succeeded(2)], [start(1), start(2), end(2)]),
    "given up": Case([stumbled()], [start(1), end(1, 7)]),
    "one kill, two deaths": Case(
        [killed(1), killed(2), succeeded(3)],
        [start(1), msgspec.structs.replace(start(2), pid=101), start(3), end(3)],
        [Victim("worker", 101, 1.2)],
    ),
}


@pytest.mark.parametrize("case", TRUE.values(), ids=TRUE.keys())
def test_the_truth_passes(tmp_path: Path, case: Case) -> None:
    """Broken: a sound engine is found guilty."""
    judge(case, tmp_path)


@pytest.mark.parametrize("case", FALSE.values(), ids=FALSE.keys())
def test_each_lie_is_seen(tmp_path: Path, case: Case) -> None:
    """Broken: an engine that does this passes a hunt."""
    with pytest.raises(AssertionError):
        judge(case, tmp_path)
