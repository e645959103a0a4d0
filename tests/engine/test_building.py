"""Wants become data: what follows, turn by turn, in a core without I/O."""

from orchestrator.commands import (
    AnyCommand,
    CancelWant,
    CreateWant,
    Refused,
    ReportPartition,
    RetryWant,
    TaintPartitions,
)
from orchestrator.decide import decide, observe
from orchestrator.observations import Exit, JobEnded
from orchestrator.planning.turn import Turn
from orchestrator.reconcile import reconcile
from orchestrator.report import BadReport
from statemachines import partition
from statemachines.failure import Failure
from statemachines.jobrun import Canceling, Failed, Launching, Running
from statemachines.refs import Ref
from tests.kit.core import Core, ended, missing

CHAIN = """
[application]
name = "chain"
[[external]]
name = "outside"
outputs = ["outside"]
[[job]]
name = "raw"
outputs = ["raw/{n:int}"]
command = ["raw"]
[[job]]
name = "mid"
outputs = ["mid/{n:int}"]
inputs = ["raw/{n}"]
command = ["mid"]
[[job]]
name = "top"
outputs = ["top"]
inputs = ["mid/1", "mid/2"]
command = ["top"]
[[job]]
name = "needs_outside"
outputs = ["inside"]
inputs = ["outside"]
command = ["inside"]
"""


def test_a_want_builds_what_is_missing_in_order() -> None:
    """If this fails, a want does not become data."""
    core = Core(CHAIN)
    want = core.want("top")
    assert core.state(want) == "UpstreamBuilding"
    core.play()
    assert core.state(want) == "Successful"
    assert all(core.is_live(ref) for ref in ("raw/1", "raw/2", "mid/1", "mid/2", "top"))
    assert len(core.board.world.runs) == 5


def test_asking_again_starts_nothing() -> None:
    """If this fails, what is there is built again, or an ask costs more than three events."""
    core = Core(CHAIN)
    core.want("top")
    core.play()
    before = len(core.facts)
    want = core.want("top")
    assert core.state(want) == "Successful"
    assert len(core.facts) - before <= 3
    assert not core.active()


def test_a_tainted_input_with_the_same_digest_stops_the_wave() -> None:
    """If this fails, early cut-off by digest does not work."""
    core = Core(CHAIN)
    core.want("top")
    core.play()
    core.turn(TaintPartitions("test", (Ref("mid/1"),), "bad"))
    before = len(core.board.world.runs)
    want = core.want("top")
    core.play()
    assert core.state(want) == "Successful"
    assert len(core.board.world.runs) - before == 1


def test_a_taint_downstream_rebuilds_exactly_what_was_made_from_it() -> None:
    """If this fails, taint --downstream misses something or rebuilds too much."""
    core = Core(CHAIN)
    core.want("top")
    core.play()
    core.turn(TaintPartitions("test", (Ref("raw/1"),), "bad", downstream=True))
    before = len(core.board.world.runs)
    core.want("top")
    core.play()
    assert len(core.board.world.runs) - before == 3


def test_a_failed_input_fails_the_want_upstream_and_a_retry_tries_again() -> None:
    """If this fails, failures do not travel, or an old failure is contagious for ever."""
    core = Core(CHAIN)
    want = core.want("top")
    core.play(lambda run: ended(run, code=1 if run.spec.outputs[0].ref == "raw/1" else 0))
    assert core.state(want) == "UpstreamFailed"
    core.turn(RetryWant("test", want))
    core.play()
    assert core.state(want) == "Successful"


def test_data_from_outside_is_waited_for() -> None:
    """If this fails, an external partition is built, failed, or not noticed when it is reported."""
    core = Core(CHAIN)
    want = core.want("inside")
    assert core.state(want) == "UpstreamBuilding"
    core.turn(ReportPartition("test", Ref("outside"), digest="1"))
    core.play()
    assert core.state(want) == "Successful"


def test_a_dep_miss_is_built_and_the_job_runs_again() -> None:
    """If this fails, dependencies that are found while a job runs are lost."""
    core = Core(CHAIN)
    want = core.want("mid/7")
    asked: list[str] = []

    def job(run: Launching | Running | Canceling) -> JobEnded:
        if run.spec.job == "mid" and not asked:
            asked.append("once")
            return ended(run, code=1, report=missing("raw/99"))
        return ended(run)

    core.play(job)
    assert core.state(want) == "Successful"
    assert core.is_live("raw/99")


def test_two_wants_share_one_build_and_canceling_one_does_not_hurt_the_other() -> None:
    """If this fails, requesters are not counted."""
    core = Core(CHAIN)
    first = core.want("top")
    second = core.want("top")
    core.turn(CancelWant("test", first))
    core.play()
    assert (core.state(first), core.state(second)) == ("Canceled", "Successful")
    assert len(core.board.world.runs) == 5


def test_canceling_the_only_want_stops_what_runs() -> None:
    """If this fails, jobs run on though nobody wants them."""
    core = Core(CHAIN)
    want = core.want("top")
    core.turn(CancelWant("test", want))
    assert {core.state(run.spec.id) for run in core.active()} == {"Canceling"}
    core.play(lambda run: ended(run, code=1))
    assert {type(run).__name__ for run in core.board.world.runs.values()} == {"Canceled"}


def test_a_report_that_cannot_be_used_is_the_failure_of_run_and_instance_alike() -> None:
    """If this fails, a JobRun and what it was to make tell of different failures, or quote no line."""
    core = Core(CHAIN)
    core.want("raw/1")
    (run,) = core.active()
    told = BadReport(2, "'{'", "it is cut off")
    core.turn(JobEnded(run.spec.id, Exit(kind="exit", code=3), told, {}))
    (failed,) = core.board.world.runs.values()
    (instance,) = core.board.world.partitions.values()
    assert isinstance(failed, Failed)
    assert isinstance(instance, partition.Failed)
    assert failed.failure == instance.failure == Failure("bad_report", told.message)


def test_commands_about_an_environment_that_does_not_exist_are_refused() -> None:
    """If this fails, data is wanted, tainted or reported where nobody can ever read it."""
    core = Core(CHAIN)
    answers = core.turn(
        CreateWant("test", ("top",), environment="prod"),
        ReportPartition("test", Ref("outside"), environment="prod"),
        TaintPartitions("test", (Ref("top"),), "bad", environment="prod"),
    )
    assert [answer.code for answer in answers if isinstance(answer, Refused)] == ["no_such_environment"] * 3
    assert not core.facts


def test_a_taint_reaches_what_is_being_made_from_it_for_the_first_time() -> None:
    """If this fails, what a running job makes from tainted data passes for good once that data is made again."""
    core = Core(CHAIN)
    want = core.want("mid/1")
    core.turn(*map(ended, core.active()))
    (reading,) = core.active()
    core.turn(TaintPartitions("test", (Ref("raw/1"),), "bad", downstream=True))
    core.turn(ended(reading))
    assert not core.is_live("mid/1")
    core.play()
    assert core.state(want) == "Successful"
    assert len(core.runs_of("mid")) == 2


def test_a_turn_stays_within_its_limit_and_the_next_goes_on() -> None:
    """If this fails, one large want makes one batch as large as itself."""
    core = Core(CHAIN)
    refs = tuple(f"mid/{number}" for number in range(500))
    sizes: list[int] = []
    inputs: list[AnyCommand | JobEnded] = [CreateWant("test", refs)]
    while inputs or core.active():
        turn = Turn(core.board, core.now, core.ids)
        for item in inputs or [ended(run) for run in core.active()[:10]]:
            if isinstance(item, JobEnded):
                observe(turn, item)
            else:
                decide(turn, item)
        inputs = []
        while reconcile(turn, events_max=100):
            sizes.append(len(turn.facts))
            turn = Turn(core.board, core.now, core.ids)
        sizes.append(len(turn.facts))
    assert max(sizes) <= 100 + 3
    assert all(core.is_live(ref) for ref in refs)


def test_what_was_made_from_the_same_before_is_shown_again() -> None:
    """If this fails, an input that goes back to what it was makes everything after it run again."""
    core = Core(CHAIN)
    for digest in ("1", "2"):
        core.turn(ReportPartition("test", Ref("outside"), digest))
        core.want("inside")
        core.play(lambda run: ended(run, digest=f"made by {run.spec.id}"))
    first, second = core.runs_of("needs_outside")
    assert first != second
    core.turn(ReportPartition("test", Ref("outside"), "1"))
    want = core.want("inside")
    assert core.state(want) == "Successful"
    assert core.runs_of("needs_outside") == [first, second]
    shown = core.board.world.partitions[core.board.holdings.canonical[Ref("inside")]]
    assert isinstance(shown, partition.Live)
    assert isinstance(shown.origin, partition.Adopted)
    assert shown.content.digest == f"made by {first}"
