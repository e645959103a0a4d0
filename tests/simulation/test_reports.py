"""Reports of jobs may come again, in any order, late, and about what they are not about: nothing changes by it."""

from collections import Counter

import pytest

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
