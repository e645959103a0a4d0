"""What the whole engine may cost, counted in builds of jobs that do nothing: commits, events, syncs, messages."""

from collections import Counter
from collections.abc import Callable
from functools import wraps
from pathlib import Path
from typing import ParamSpec, TypeVar

import pytest

from benchmarks.one import build
from benchmarks.rows import Case
from benchmarks.workloads import JobKind, Shape
from orchestrator.executors.link import Link
from orchestrator.store import DiskStore

P = ParamSpec("P")
T = TypeVar("T")
EMPTY_LOGS_MAX = 4
"""Two workers, and those that take their places after a thousand calls."""


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


@pytest.mark.asyncio
@pytest.mark.parametrize("job", ["worker", "process"])
async def test_a_thousand_runs_share_commits_syncs_and_messages(
    job: JobKind, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Broken: a few jobs at a time pay for a commit, a sync and a message each, as if they were alone."""
    counted = Counter[str]()
    monkeypatch.setattr(DiskStore, "sync", _counting(DiskStore.sync, counted, "syncs"))
    monkeypatch.setattr(Link, "ask", _counting(Link.ask, counted, "requests"))
    built, _ = await build(Case("fanout", 1000, job), tmp_path)
    assert built.commits is not None
    assert built.events is not None
    assert built.commits <= 500
    assert built.events <= 6 * 1001 + 6
    assert counted["syncs"] <= 500
    assert counted["requests"] <= 1000
    left = list((tmp_path / ".wantd" / "runs").glob("[!k]*"))
    assert sum(path.stat().st_size for path in left) == 0
    assert len(left) <= EMPTY_LOGS_MAX, "a worker keeps an empty log for its next call"


def _counting(function: Callable[P, T], counted: Counter[str], name: str) -> Callable[P, T]:
    @wraps(function)
    def count_and_call(*args: P.args, **kwargs: P.kwargs) -> T:
        counted[name] += 1
        return function(*args, **kwargs)

    return count_and_call
