"""Runs beyond the slots of their pool: they wait in line in the keeper; the pace of ends says how many may."""

from collections import Counter
from collections.abc import AsyncIterator
from itertools import pairwise
from pathlib import Path

import pytest
import pytest_asyncio
from hypothesis import given
from hypothesis import strategies as st

from orchestrator.executors.base import Exit, StopRun
from orchestrator.executors.keeper.lines import Lines
from orchestrator.executors.keeper.run import Run
from orchestrator.executors.keeper.wire import Pool
from orchestrator.executors.local import LocalExecutor
from orchestrator.executors.pace import AHEAD_MAX, HORIZON_S, Pace
from tests.executors.rigs import Maker, Seen, end_all_keepers, line_in, request

Local = tuple[LocalExecutor, Seen, Maker]


@pytest_asyncio.fixture
async def local(tmp_path: Path) -> AsyncIterator[Local]:
    executor, seen = LocalExecutor(tmp_path / "keepers", 1, linger_s=0.2), Seen()
    await executor.open(seen)
    yield executor, seen, Maker(tmp_path)
    await executor.close()
    end_all_keepers(tmp_path / "keepers")


def overlapping(ends: list[Exit]) -> int:
    """How many ran at the same time, at most."""
    steps = sorted([(end.started_at_us, 1) for end in ends] + [(end.ended_at_us, -1) for end in ends])
    running = most = 0
    for _, step in steps:
        running += step
        most = max(most, running)
    return most


@pytest.mark.asyncio
async def test_a_pool_is_never_exceeded_and_served_in_order(local: Local) -> None:
    """Broken: what was handed over beyond the slots runs at once, overtakes, or waits for ever."""
    executor, seen, make = local
    executor.start([make.process(f"r{number}", "sleep", "0.01", pool_size=2) for number in range(20)])
    ends = [await seen.end_of(f"r{number}") for number in range(20)]
    assert overlapping(ends) == 2
    assert all(first.started_at_us <= second.started_at_us for first, second in pairwise(ends))


@pytest.mark.asyncio
async def test_pools_do_not_wait_for_each_other(local: Local) -> None:
    """Broken: a pool that is taken holds up the runs of another."""
    executor, seen, make = local
    executor.start([make.process("long", "sleep", "1000", pool_size=1), make.process("next", "true", pool_size=1)])
    executor.start([make.worker("other", "textwrap:dedent", width=1)])
    assert (await seen.end_of("other")).kind == "exit"
    assert "next" not in seen.ends()


@pytest.mark.asyncio
async def test_a_run_that_waits_in_line_is_canceled_without_being_started(local: Local) -> None:
    """Broken: a canceled run is started when its turn comes, or its slots are given back though it never had them."""
    executor, seen, make = local
    script = f"echo x > {make.folder}/here; sleep 1000"
    executor.start([make.process("first", "sh", "-c", script, pool_size=1)])
    executor.start([make.process(run, "true", pool_size=1) for run in ("second", "third")])
    await line_in(make.folder / "here")
    executor.stop([StopRun("second")])
    assert (await seen.end_of("second")).message == "asked to stop before it was started"
    assert "third" not in seen.ends()
    executor.stop([StopRun("first")])
    assert (await seen.end_of("third")).code == 0


def run_of(number: int, pool: str, size: int, slots: int) -> Run:
    return Run(request(f"r{number}", Pool(pool, size), slots))


@given(
    st.lists(
        st.tuples(
            st.sampled_from("ab"), st.integers(1, 3), st.sampled_from(("join", "join", "out", "end", "leave", "back"))
        )
    )
)
def test_slots_are_held_from_being_let_out_until_the_end(steps: list[tuple[str, int, str]]) -> None:
    """Broken: a slot leaks, is used twice, or whoever waits longest is passed over."""
    lines, waiting, working = Lines(), list[Run](), list[Run]()
    for number, (pool, slots, step) in enumerate(steps):
        match step:
            case "join":
                waiting.append(run_of(number, pool, 3, slots))
                lines.join(waiting[-1])
            case "end" if working:
                lines.give_back(working.pop(number % len(working)))
            case "leave" if waiting:
                assert lines.leave(waiting.pop(number % len(waiting)))
            case "back":
                waiting = [*(out := lines.let_out(2)), *(run for run in waiting if run not in out)]
                lines.put_back(out)
            case _:
                working += (out := lines.let_out(2))
                waiting = [run for run in waiting if run not in out]
        held = Counter[str]()
        for run in working:
            held[run.request.pool.name] += run.request.slots
        assert all(number <= 3 for number in held.values())
        assert bool(lines) == bool(waiting)
        firsts = [next((run for run in waiting if run.request.pool.name == pool), None) for pool in "ab"]
        free = [run for run in firsts if run and held[run.request.pool.name] + run.request.slots <= 3]
        assert lines.can_let_out == bool(free)


@given(st.lists(st.tuples(st.integers(1, 3), st.floats(0, 0.2)), max_size=400))
def test_so_many_may_wait_as_ended_in_the_last_moment(ends: list[tuple[int, float]]) -> None:
    """Broken: runs that take long have others frozen behind them, or runs that take no time leave slots idle."""
    pace, now, seen = Pace(), 0.0, list[tuple[float, int]]()
    for number, (slots, later) in enumerate(ends):
        now += later
        pace.started(f"r{number}", "pool", slots)
        pace.ended([f"r{number}", f"r{number}", "unknown"], now)
        seen.append((now, slots))
    lately = sum(slots for at, slots in seen if at >= now - HORIZON_S)
    assert pace.ahead(now) == ({"pool": min(lately, AHEAD_MAX)} if lately else {})
    assert pace.ahead(now + 2 * HORIZON_S) == {}
