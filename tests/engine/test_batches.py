"""One JobRun for many refs: how it ended as a whole, and what each of them was made from."""

from orchestrator.commands import CancelWant, TaintPartitions
from orchestrator.observations import Exit, JobEnded, Nothing
from orchestrator.report import Report
from statemachines.ids import RunId
from statemachines.jobrun import Buffering, Canceled, Failed, RunState, Succeeded
from statemachines.partition import Content
from statemachines.refs import Ref
from tests.kit.core import Core, ended

APPLICATION = """
[application]
name = "batches"
[retry]
tries = 1
[pools]
default = 9
[[job]]
name = "raw"
outputs = ["raw/{n:int}"]
command = ["raw"]
[[job]]
name = "many"
outputs = ["many/{n:int}"]
inputs = ["raw/{n}"]
command = ["many"]
batch = { max = 3 }
[[job]]
name = "slow"
outputs = ["slow/{n:int}"]
command = ["slow"]
batch = { max = 3, wait = "9s" }
"""

MANY = [Ref(f"many/{number}") for number in (1, 2, 3)]


def batch_of(core: Core) -> RunId:
    (run,) = core.active()
    assert [output.ref for output in run.spec.outputs] == MANY
    return run.spec.id


def started(core: Core) -> RunId:
    """Have three refs made by one JobRun, and give it."""
    core.want(*MANY)
    core.turn(*(ended(run) for run in core.active()))
    return batch_of(core)


def end(core: Core, run_id: RunId, **failed: str) -> None:
    """End it with exit code 0, with all outputs there but those that it declares failed."""
    (run,) = core.active()
    lost = {Ref(f"many/{number}"): why for number, why in ((name[1:], why) for name, why in failed.items())}
    found = {ref: Nothing("gone") if ref in lost else Content(f"digest of {ref}", 1, 1) for ref in MANY}
    core.turn(JobEnded(run.spec.id, Exit(kind="exit"), Report(failed=lost), found))
    assert run.spec.id == run_id


def test_a_batch_that_said_which_of_its_outputs_failed_has_done_its_work() -> None:
    """If this fails, a JobRun that made what it could counts as failed, or one that made nothing as done."""
    core = Core(APPLICATION)
    run = started(core)
    end(core, run, n1="no data", n3="no data")
    assert isinstance(core.board.world.runs[run], Succeeded)
    assert [core.is_live(ref) for ref in MANY] == [False, True, False]

    nothing = Core(APPLICATION)
    run = started(nothing)
    end(nothing, run, n1="no data", n2="no data", n3="no data")
    assert isinstance(nothing.board.world.runs[run], Failed)


def test_each_ref_of_a_batch_was_made_from_what_it_needs() -> None:
    """If this fails, a new input makes its whole batch stale, or nothing at all."""
    core = Core(APPLICATION)
    run = started(core)
    end(core, run)
    core.turn(TaintPartitions("test", (Ref("raw/2"),), "bad"))
    core.want(*MANY)
    core.play(lambda each: ended(each, digest=f"another {each.spec.outputs[0].ref}"))
    assert len(core.runs_of("raw")) == 4
    built = [
        [output.ref for output in run.spec.outputs]
        for run in core.board.world.runs.values()
        if isinstance(run, Succeeded)
    ]
    assert [refs for refs in built if refs[0] in MANY] == [list(MANY), [MANY[1]]]


def refs_in_batches(core: Core) -> list[int]:
    """How many refs each JobRun of the slow job makes or collects, in the order in which they were begun."""
    sizes: list[int] = []
    for run in core.board.world.runs.values():
        if isinstance(run, Buffering):
            sizes.append(len(run.refs))
        elif isinstance(run, RunState):
            sizes.append(len(run.spec.outputs))
    return sizes


def test_a_batch_never_holds_more_than_it_may() -> None:
    """If this fails, a job is given more refs at once than it can take, or refs that came later wait beside a batch."""
    core = Core(APPLICATION)
    core.want("slow/1", "slow/2")
    assert refs_in_batches(core) == [2]
    core.want("slow/3", "slow/4")
    assert refs_in_batches(core) == [3, 1]
    core.want("slow/5")
    assert refs_in_batches(core) == [3, 2]
    core.want(*(f"slow/{number}" for number in range(6, 14)))
    assert refs_in_batches(core) == [3, 3, 3, 3, 1]
    assert [len(run.spec.outputs) for run in core.active()] == [3, 3, 3, 3]


def test_a_batch_that_nobody_wants_any_more_ends() -> None:
    """If this fails, a batch whose refs were all given up stays open for ever, and takes in what comes next."""
    core = Core(APPLICATION)
    want = core.want("slow/1", "slow/2")
    (batch,) = core.board.world.open_runs
    core.turn(CancelWant("test", want, ""))
    core.wait(9)
    assert isinstance(core.board.world.runs[batch], Canceled)
    assert (core.active(), core.board.open_batches, core.board.buffered) == ([], {}, {})
    core.want("slow/2")
    core.wait(9)
    (run,) = core.active()
    assert [output.ref for output in run.spec.outputs] == ["slow/2"]


def test_a_ref_that_is_given_up_leaves_its_batch_to_the_others() -> None:
    """If this fails, one want that is canceled takes a whole batch with it, or has its refs built all the same."""
    core = Core(APPLICATION)
    core.want("slow/1")
    gone = core.want("slow/2")
    core.turn(CancelWant("test", gone, ""))
    core.wait(9)
    (run,) = core.active()
    assert [output.ref for output in run.spec.outputs] == ["slow/1"]
    core.want("slow/2")
    core.wait(9)
    assert [[output.ref for output in each.spec.outputs] for each in core.active()] == [["slow/1"], ["slow/2"]]
