"""One JobRun for many refs: how it ended as a whole, and what each of them was made from."""

from orchestrator.commands import TaintPartitions
from orchestrator.observations import Exit, JobEnded, Nothing
from orchestrator.report import Report
from statemachines.jobrun import Failed, Succeeded
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
"""

MANY = [Ref(f"many/{number}") for number in (1, 2, 3)]


def batch_of(core: Core) -> str:
    (run,) = core.active()
    assert [output.ref for output in run.spec.outputs] == MANY
    return run.spec.id


def started(core: Core) -> str:
    """Have three refs made by one JobRun, and give it."""
    core.want(*MANY)
    core.turn(*(ended(run) for run in core.active()))
    return batch_of(core)


def end(core: Core, run_id: str, **failed: str) -> None:
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
    assert isinstance(core.board.world.runs[run], Succeeded)  # type: ignore[index]  # a run
    assert [core.is_live(ref) for ref in MANY] == [False, True, False]

    nothing = Core(APPLICATION)
    run = started(nothing)
    end(nothing, run, n1="no data", n2="no data", n3="no data")
    assert isinstance(nothing.board.world.runs[run], Failed)  # type: ignore[index]  # a run


def test_each_ref_of_a_batch_was_made_from_what_it_needs() -> None:
    """If this fails, a new input makes its whole batch stale, or nothing at all."""
    core = Core(APPLICATION)
    run = started(core)
    end(core, run)
    core.turn(TaintPartitions("test", (Ref("raw/2"),), "bad"))
    core.want(*MANY)
    core.play(lambda each: ended(each, digest=f"another {each.spec.outputs[0].ref}"))
    assert len(core.runs_of("raw")) == 4
    again = core.runs_of("many")[1:]
    assert [[output.ref for output in core.board.world.runs[one].spec.outputs] for one in again] == [[MANY[1]]]  # type: ignore[union-attr]  # it was queued
