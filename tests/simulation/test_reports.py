"""Reports of jobs may come again, in any order, late, and about what they are not about: nothing changes by it."""

from collections import Counter

import msgspec
import pytest

from orchestrator.decide import observe
from orchestrator.observations import AnyObservation, JobEnded, JobStarted
from orchestrator.planning.turn import Turn
from statemachines.ids import RunId
from statemachines.jobrun import JobRunFailed
from statemachines.refs import Ref
from tests.kit.core import Core, ended, missing
from tests.simulation.reports import Permuted, Repeated


def tell(kind: type[Repeated], reports: int) -> Counter[str]:
    """Tell stories until so many reports have been sent; what fails says which story it was."""
    sent: Counter[str] = Counter()
    seed = 0
    while sent.total() < reports:
        story = kind(seed)
        try:
            story.play()
            story.end()
        except Exception as error:
            error.add_note(f"{kind.__name__}({seed}).play()")
            raise
        sent += story.line.sent
        seed += 1
    print(f"{kind.__name__}: {sent.total():,} reports in {seed:,} stories, {dict(sent)}")
    return sent


@pytest.mark.parametrize("kind", [Repeated, Permuted])
@pytest.mark.parametrize("reports", [10_000, pytest.param(500_000, marks=pytest.mark.long)])
def test_what_comes_again_late_or_wrong_changes_nothing(kind: type[Repeated], reports: int) -> None:
    """If this fails, a report that is repeated, late, out of order or about another run changes what is decided."""
    sent = tell(kind, reports)
    assert [name for name in kind.kinds if not sent[name]] == []


def test_a_report_of_another_daemon_that_is_taken_for_ours_is_seen(monkeypatch: pytest.MonkeyPatch) -> None:
    """If this fails, the epoch in a run's id could be passed over, and no story would tell."""

    def whosoever(turn: Turn, seen: AnyObservation) -> None:
        if isinstance(seen, JobStarted | JobEnded):
            seen = msgspec.structs.replace(seen, run=RunId(f"rtest-{seen.run.rpartition('-')[2]}"))
        observe(turn, seen)

    monkeypatch.setattr("tests.kit.core.observe", whosoever)
    with pytest.raises(AssertionError, match="another log came of it"):
        tell(Repeated, 10_000)


def test_an_order_of_reports_that_matters_is_seen(monkeypatch: pytest.MonkeyPatch) -> None:
    """If this fails, what is decided could depend on which of two ends comes first, and no story would tell."""

    def only_one(turn: Turn, seen: AnyObservation) -> None:
        if not (isinstance(seen, JobEnded) and any(isinstance(fact.event, JobRunFailed) for fact in turn.facts)):
            observe(turn, seen)

    monkeypatch.setattr("tests.kit.core.observe", only_one)
    with pytest.raises(AssertionError, match="other states came of it"):
        tell(Permuted, 10_000)


@pytest.mark.parametrize("failed_first", [True, False])
def test_an_input_may_fail_before_it_is_missed_or_after(*, failed_first: bool) -> None:
    """If this fails, the end of a waiting instance depends on which of two reports came first."""
    jobs = (f'[[job]]\nname = "{name}"\noutputs = ["{name}/{{n:int}}"]\ncommand = ["run"]' for name in "ab")
    core = Core("\n".join(('[application]\nname = "two"', "[pools]\ndefault = 2", *jobs)))
    core.want("a/1", "b/1")
    fails, misses = (ended(run, code=1) for run in core.active())
    misses = msgspec.structs.replace(misses, report=missing("a/1"))
    core.turn(*((fails, misses) if failed_first else (misses, fails)))
    (instance,) = core.board.holdings.instances(Ref("b/1"))
    assert core.state(instance) == "UpstreamFailed"
