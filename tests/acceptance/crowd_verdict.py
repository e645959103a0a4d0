"""What must be true after a hunt: 0 lost, 0 doubled, 0 wrong exit codes, by what the jobs themselves wrote down."""

import re
from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from pathlib import Path

from statemachines import want
from statemachines.ids import RunId
from statemachines.jobrun import Failed, JobRun, Lost, Succeeded
from statemachines.partition import Live
from statemachines.world import World
from tests.acceptance.crowding import is_hopeless
from tests.acceptance.hunting import Victim
from tests.acceptance.killing import Death
from tests.acceptance.notes import Note, Notes
from tests.acceptance.verdict import died_with_its_keeper, live_refs

Ended = Succeeded | Failed | Lost


class Evidence:
    """The world as the log tells it, beside what the witness wrote and whom the hunter killed."""

    def __init__(self, application: Path, world: World, victims: Sequence[Victim]) -> None:
        notes = Notes(application)
        notes.refresh()
        self.notes = notes.all
        self.started = notes.started()
        self.first: dict[str, Note] = {note.run: note for note in notes.of("start")}
        self.last: dict[str, Note] = {note.run: note for note in notes.all if note.what != "start"}
        self.runs: dict[RunId, Ended] = {run: _ended(state) for run, state in world.runs.items()}
        self.keepers_died = [Death(victim.pid, victim.at) for victim in victims if victim.kind == "keeper"]
        self.killed = Counter(victim.pid for victim in victims if victim.kind in {"job", "worker"})
        self.workers_killed = sum(victim.kind == "worker" for victim in victims)
        self._world = world

    def of_each_ref(self) -> Mapping[str, list[Ended]]:
        """The JobRuns of each ref, in the order in which they were queued."""
        made: defaultdict[str, list[Ended]] = defaultdict(list)
        for run in self.runs.values():
            [output] = run.spec.outputs
            made[output.ref].append(run)
        return made


def _ended(run: JobRun) -> Ended:
    assert isinstance(run, Ended), f"nobody canceled anything, all wants are closed, and yet: {run}"
    return run


def nothing_is_lost(state: Path, world: World, answered: Mapping[str, str], refs: Sequence[str]) -> None:
    """Each want that was answered is there, once, and closed as it must be; each ref has its data, once."""
    assert sorted(answered.values()) == sorted(world.wants)
    for one in world.wants.values():
        hopeless = any(map(is_hopeless, one.spec.refs))
        assert isinstance(one, want.Failed if hopeless else want.Successful), one
    hopeful = {ref for ref in refs if not is_hopeless(ref)}
    live = live_refs(world)
    assert live.keys() == hopeful
    instances = Counter(one.spec.ref for one in world.partitions.values() if isinstance(one, Live))
    assert instances == dict.fromkeys(hopeful, 1)
    succeeded = {run.spec.outputs[0].ref: run.spec.id for run in world.runs.values() if isinstance(run, Succeeded)}
    for ref in live:
        assert (state / "store" / "current" / "local" / ref).read_text() == succeeded[ref]


def nothing_is_made_again(evidence: Evidence) -> None:
    """What has succeeded is not done once more; what has not is, until it has, or its budget is spent."""
    for ref, runs in evidence.of_each_ref().items():
        *before, final = runs
        assert not any(isinstance(run, Succeeded) for run in before), f"{ref} was made again: {runs}"
        assert isinstance(final, Failed if is_hopeless(ref) else Succeeded), f"{ref} ended with {final}"


def nothing_goes_on_twice(evidence: Evidence) -> None:
    """No run starts twice, and none goes on beside its successor."""
    assert {run: times for run, times in evidence.started.items() if times > 1} == {}
    assert evidence.started.keys() <= evidence.runs.keys()
    order = {run: number for number, run in enumerate(evidence.runs)}
    newest: dict[str, int] = {}
    for note in evidence.notes:
        [ref], number = note.refs, order[note.run]
        assert number >= newest.get(ref, 0), f"{note.run} goes on beside its successor: {note}"
        newest[ref] = number


def every_exit_code_is_right(evidence: Evidence) -> Counter[str]:
    """Each run ended as the witness says, or was killed by us; how many of each.

    A long hunt uses up all pids there are, so that one of them may be killed again as another process.
    """
    unseen: list[RunId] = []
    harmed: list[Note] = []
    ends: Counter[str] = Counter()
    for run, state in evidence.runs.items():
        first, last = evidence.first.get(run), evidence.last.get(run)
        if isinstance(state, Lost):
            assert died_with_its_keeper(state.reason, first, last, evidence.keepers_died), state
        elif isinstance(state, Failed) and state.failure.kind == "signal":
            assert state.failure.reason == "killed by SIGKILL", state
            unseen.extend([] if first else [run])
            harmed.extend([first] if first else [])
        else:
            assert last is not None, f"the witness did not see the end of {state}"
            assert _told_code(state) == last.code, f"{state} was to end with {last.code}"
        ends[type(state).__name__ if not isinstance(state, Failed) else state.failure.kind] += 1
    surplus = Counter(note.pid for note in harmed) - evidence.killed
    assert not surplus, f"runs died that nobody killed: {surplus}"
    assert len(unseen) <= evidence.workers_killed - sum("worker/" in note.refs[0] for note in harmed), unseen
    return ends


def _told_code(run: Succeeded | Failed) -> int:
    """The exit code in the log."""
    if isinstance(run, Succeeded):
        return 0
    assert run.failure.kind == "exit_code", run
    found = re.search(r"exit code (\d+)", run.failure.reason)
    assert found, run
    return int(found[1])
