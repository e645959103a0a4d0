"""Mistakes that the reference model found, each as the shortest story that shows it."""

from orchestrator.commands import Accepted, CancelWant, CreateWant, PauseWant, Refused, ReportPartition, TaintPartitions
from orchestrator.decide import decide
from orchestrator.observations import ConfiguredRun, JobConfigured
from orchestrator.planning.board import Board
from orchestrator.planning.recipes import Recipes
from orchestrator.planning.turn import Turn
from orchestrator.reconcile import reconcile
from orchestrator.reconcile.step import PASSES_MAX
from orchestrator.report import Report
from statemachines.ids import SECOND_US, WantId
from statemachines.jobrun import Canceling, Launching, Running
from statemachines.refs import Ref
from tests.kit.core import Core, catalog_of, ended, missing

Run = Launching | Running | Canceling

ASKED = """
[application]
name = "asked"
[[job]]
name = "asked"
outputs = ["asked/{n:int}"]
command = ["asked"]
configure = ["ask"]
"""
RAW = """
[[job]]
name = "raw"
outputs = ["raw/{n:int}"]
command = ["raw"]
"""

APPLICATION = """
[application]
name = "regressions"
[pools]
default = 9
one = 1
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
name = "pair"
outputs = ["pair/{n:int}"]
inputs = ["mid/{n}", "raw/9"]
command = ["pair"]
[[job]]
name = "twin"
outputs = ["twin/{n:int}"]
inputs = ["raw/{n}"]
command = ["twin"]
[[job]]
name = "free"
outputs = ["free/{n:int}"]
command = ["free"]
[[job]]
name = "narrow"
outputs = ["narrow/{n:int}"]
command = ["narrow"]
pool = "one"
[[job]]
name = "inside"
outputs = ["inside"]
inputs = ["outside"]
command = ["inside"]
[[job]]
name = "urgent"
outputs = ["urgent"]
inputs = ["inside"]
command = ["urgent"]
pool = "one"
[[external]]
name = "outside"
outputs = ["outside"]
"""


def state_of(core: Core, ref: str) -> str:
    """The state of the newest instance of a ref."""
    return core.state(core.board.holdings.newest[ref])  # type: ignore[index]  # a ref


def of(core: Core, ref: str) -> Run:
    """The run that makes a ref now."""
    return next(run for run in core.active() if ref in [output.ref for output in run.spec.outputs])


def test_what_waits_for_a_miss_is_canceled_when_its_want_closes_later() -> None:
    """If this fails, an instance that lost its demand while its want was open waits until the next restart."""
    core = Core(APPLICATION)
    want = core.want("mid/1", "free/7")
    core.turn(ended(of(core, "raw/1")))
    core.turn(ended(of(core, "mid/1"), code=1, report=missing("free/1", "raw/9")))
    core.turn(ended(of(core, "free/1"), code=1, report=missing("free/2")))
    core.turn(ended(of(core, "raw/9"), code=1))
    assert (core.state(want), state_of(core, "free/1")) == ("Building", "UpstreamBuilding")
    core.turn(ended(of(core, "free/7")))
    assert (core.state(want), state_of(core, "free/1")) == ("UpstreamFailed", "Canceled")


def test_a_more_urgent_want_moves_what_is_already_queued() -> None:
    """If this fails, priority is inherited only by what is queued after the want was made."""
    core = Core(APPLICATION)
    core.want("narrow/1", "narrow/2", "narrow/3")
    core.want("narrow/3", priority=9)
    core.turn(ended(of(core, "narrow/1")))
    assert isinstance(of(core, "narrow/3"), Launching)


def test_the_most_wanted_is_launched_first_whenever_in_a_turn_it_became_ready() -> None:
    """If this fails, what became ready first within a turn takes the slot of what is wanted more."""
    core = Core(APPLICATION)
    core.turn(ReportPartition("test", Ref("outside"), "1"))
    core.want("urgent")
    core.play()
    core.turn(ReportPartition("test", Ref("outside"), "2"), TaintPartitions("test", (Ref("urgent"),), "bad"))
    core.want("inside")
    core.play(lambda run: ended(run, digest="another"))
    core.turn(
        ReportPartition("test", Ref("outside"), "1"),
        CreateWant("test", ("narrow/1",)),
        CreateWant("test", ("urgent",), priority=9),
    )
    assert isinstance(of(core, "urgent"), Launching)


def test_a_circle_that_nobody_wants_any_more_is_let_go() -> None:
    """If this fails, refs that need each other keep each other demanded for ever."""
    core = Core(APPLICATION)
    first = core.want("mid/1")
    core.turn(ended(of(core, "raw/1"), code=1, report=missing("mid/1")), PauseWant("test", first))
    second = core.want("pair/1")
    assert core.state(second) == "UpstreamFailed"
    core.play()
    assert [node for node in core.board.graph.nodes() if node.expanded] == []


def test_a_circle_of_misses_ends_though_its_want_waits_for_something_else() -> None:
    """If this fails, refs that missed each other cannot be tried again while the want that met the circle is open."""
    core = Core(APPLICATION)
    core.want("mid/1", "free/7")
    core.turn(ended(of(core, "raw/1"), code=1, report=missing("mid/1")))
    assert state_of(core, "raw/1") == "UpstreamFailed"
    again = core.want("mid/1")
    core.play()
    assert core.state(again) == "Successful"


def test_what_was_in_a_circle_is_tried_again_when_another_circle_ended_with_it() -> None:
    """If this fails, a ref that was in one of two circles is refused for ever, though neither is there any more."""
    core = Core(APPLICATION)
    core.want("mid/1", "twin/1", "free/7")
    core.turn(ended(of(core, "raw/1"), code=1, report=missing("mid/1", "twin/1")))
    assert state_of(core, "raw/1") == "UpstreamFailed"
    again = core.want("mid/1", "twin/1")
    core.play()
    assert core.state(again) == "Successful"


def runs_until_rest(core: Core, read: str) -> int:
    """How many runs there are, up to ten, when all report that they read this ref."""
    ran = 0
    while ran < 10 and (runs := core.active()):
        ran += len(runs)
        core.turn(*(ended(run, report=Report(read=frozenset([Ref(read)]))) for run in runs))
    return ran


def test_a_job_that_read_something_stale_is_not_built_for_ever() -> None:
    """If this fails, a job that says it read a stale ref that it was not given is run without end."""
    core = Core(APPLICATION)
    core.want("mid/1")
    core.play()
    core.turn(TaintPartitions("test", (Ref("raw/1"),), "bad"))
    core.want("free/1")
    assert runs_until_rest(core, "mid/1") < 10


def test_a_job_that_read_its_own_last_output_is_not_built_for_ever() -> None:
    """If this fails, a job that works on from what it made before is run without end."""
    core = Core(APPLICATION)
    core.turn(ReportPartition("test", Ref("outside"), "1"))
    core.want("inside")
    core.play()
    core.turn(ReportPartition("test", Ref("outside"), "2"))
    core.want("inside")
    assert runs_until_rest(core, "inside") < 10


def test_a_paused_want_expires_after_a_restart_too() -> None:
    """If this fails, a daemon that starts forgets when the wants that are paused expire."""
    core = Core(APPLICATION)
    want = core.want("raw/1", ttl_us=10 * SECOND_US)
    core.turn(PauseWant("test", want))
    core.board = Board(core.board.world, Recipes(core.catalog))
    core.board.load()
    core.wait(11)
    assert core.state(want) == "Expired"


def test_a_want_that_is_created_and_paused_in_one_turn_stays_paused() -> None:
    """If this fails, a new want is looked at although somebody said stop before its first turn was over."""
    core = Core(APPLICATION)
    core.want("raw/1")
    core.play()
    created = CreateWant("test", ("raw/1",), idempotency_key="key")
    turn = Turn(core.board, core.now, core.ids)
    answer = decide(turn, created)
    assert isinstance(answer, Accepted)
    decide(turn, PauseWant("test", WantId(answer.entity)))
    reconcile(turn, 1_000)
    assert core.state(answer.entity) == "Paused"


def test_many_refs_of_which_nothing_follows_end_no_daemon() -> None:
    """If this fails, a turn with little room gives up where more refs changed than it may make passes."""
    core = Core('[application]\nname = "many"\n[[external]]\nname = "x"\noutputs = ["x/{n:int}"]')
    turn = Turn(core.board, core.now, core.ids)
    answer = decide(turn, CreateWant("test", tuple(f"x/{n}" for n in range(PASSES_MAX + 100))))
    assert isinstance(answer, Accepted)
    assert not reconcile(turn, 5)
    assert core.state(answer.entity) == "UpstreamBuilding"


def test_what_was_asked_together_and_is_wanted_apart_is_asked_about_again() -> None:
    """Broken: a want is canceled while a job is asked how it makes two refs, and the other ref waits forever."""
    core = Core(ASKED)
    core.want("asked/1")
    other = core.want("asked/2")
    refs = (Ref("asked/1"), Ref("asked/2"))
    assert [*core.board.to_ask["asked"]] == [*refs]
    core.board.to_ask.clear()
    core.turn(CancelWant("test", other))
    core.turn(JobConfigured("asked", (ConfiguredRun(refs, ()),)))
    assert [*core.board.to_ask["asked"]] == [Ref("asked/1")]
    core.turn(JobConfigured("asked", (ConfiguredRun(refs[:1], ()),)))
    core.play()
    assert core.is_live("asked/1")


def test_an_input_that_is_named_twice_is_built_if_either_says_so() -> None:
    """Broken: a job that configures itself waits for ever for what it asked for, since it also named it as a query."""
    core = Core(ASKED + RAW)
    core.want("asked/1")
    core.board.to_ask.clear()
    inputs = ((Ref("raw/1"), True), (Ref("raw/1"), False))
    core.turn(JobConfigured("asked", (ConfiguredRun((Ref("asked/1"),), inputs),)))
    core.play()
    assert core.is_live("asked/1")


def test_what_nobody_makes_any_more_is_refused_whoever_looked_at_it() -> None:
    """Broken: somebody asks why a ref is there, and from then on it can be wanted though no job makes it."""
    core = Core(ASKED + RAW)
    core.want("raw/1")
    core.play()
    core.catalog = catalog_of(ASKED)
    core.board = Board(core.board.world, Recipes(core.catalog))
    for look in (False, True):
        if look:
            assert core.board.graph.is_done(Ref("raw/1"))
        (answer,) = core.turn(CreateWant("test", ("raw/1",)))
        assert isinstance(answer, Refused)
        assert answer.code == "no_job_makes"
