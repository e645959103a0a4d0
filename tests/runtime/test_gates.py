"""What the whole engine may cost, counted: commits and events of real builds with inline jobs that do nothing."""

from pathlib import Path

import pytest

from benchmarks.one import build
from benchmarks.rows import Case
from benchmarks.workloads import Shape


@pytest.mark.asyncio
@pytest.mark.parametrize(("shape", "n", "commits"), [("fanout", 1000, 6), ("diamond", 1000, 14), ("chain", 100, 103)])
async def test_a_build_takes_few_commits_and_six_events_a_partition(
    shape: Shape, n: int, commits: int, tmp_path: Path
) -> None:
    """Broken: follow-on transitions no longer share a commit, or a partition costs more events than it may."""
    built, again = await build(Case(shape, n, "inline"), tmp_path)
    assert built.commits is not None
    assert built.events is not None
    assert built.commits <= commits
    assert built.events <= 6 * (n + 1) + 6
    assert again.events is not None
    assert again.events <= 3
