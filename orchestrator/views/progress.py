"""How far a want is, in one answer: its refs, everything it touches by job, what runs for it, what failed.

Counts what was made since the want was created, and what is still to be made; what was there before is not part of the
work. Costs time in proportion to that, so whoever shows it live should ask less often the longer an answer takes.
"""

from collections import Counter
from collections.abc import Iterator
from itertools import chain
from typing import get_args

from orchestrator.planning.board import Board
from orchestrator.planning.node import Node
from orchestrator.views.jobruns import outputs_of
from orchestrator.views.looking import iso, maker_name, needs_of, peek
from orchestrator.views.paging import LOOKED_AT_ONCE, Pausing
from orchestrator.views.shapes import JobProgress, Progress, RunProgress
from orchestrator.views.wants import case_for, cases, failures, want_view
from statemachines import jobrun, partition
from statemachines.ids import RunId, Timestamp, WantId
from statemachines.jobrun import JobRun
from statemachines.partition import Live
from statemachines.refs import Ref
from statemachines.roll import Roll
from statemachines.rolls import RUN_CODES
from statemachines.traits import head_of
from statemachines.want import Want

RUNNING_MAX = 1_000
"""How many JobRuns that run are listed."""

TOUCHED_AT_ONCE = 500
"""How many refs are looked at for what they are made from between two pauses: some 5 ms."""

_WAITS = (jobrun.Buffering, jobrun.Queued)
_OPEN_CODES = [RUN_CODES[state] for state in get_args(jobrun.Open)]


def progress(board: Board, want_id: WantId, now: Timestamp) -> Pausing[Progress]:
    """How far a want is. The last lines of output are left empty. Raises KeyError."""
    world = board.world
    state = world.wants[want_id]
    touched = yield from _touched(board, state)
    by_job = yield from _by_job(board, state, touched)
    runs = yield from _open_runs(board, want_id, touched)
    running = [run for run in runs if not isinstance(run, _WAITS)]
    return Progress(
        id=want_id,
        state=type(state).__name__,
        seq=world.seq,
        now=iso(now),
        want=want_view(board, state),
        cases=(yield from cases(board, state)),
        jobs=by_job,
        running=tuple(_run_progress(run) for run in running[:RUNNING_MAX]),
        queued=len(runs) - len(running),
        failures=(yield from failures(board, state)),
    )


def _touched(board: Board, state: Want) -> Pausing[dict[Ref, Node]]:
    """What was made for the want, or is to be made, each after what it is made from."""
    found: dict[Ref, Node] = {}
    seen: set[Ref] = set()
    waiting: list[tuple[Ref, bool]] = [(ref, False) for ref in reversed(state.spec.refs)]
    while waiting:
        ref, needs_seen = waiting.pop()
        node = peek(board, ref)
        if needs_seen:
            found[ref] = node
        elif ref not in seen:
            seen.add(ref)
            sources = _sources(board, state, node)
            if sources is not None:
                waiting.append((ref, True))
                waiting.extend((source, False) for source in sources)
            if len(seen) % TOUCHED_AT_ONCE == 0:
                yield
    return found


def _open_runs(board: Board, want_id: WantId, touched: dict[Ref, Node]) -> Pausing[list[JobRun]]:
    """The JobRuns under way that the want led to, then those that make something it touches."""
    world, found = board.world, dict[RunId, JobRun]()
    roll = world.run_rolls.of_want.get(want_id, Roll())
    led_to: Iterator[RunId | None] = (roll.ids[place] for place in roll.places(_OPEN_CODES))
    making = (_run_of(board, ref, node) for ref, node in touched.items())
    for number, run in enumerate(chain(led_to, making), start=1):
        if run is not None and run in world.open_runs:
            found[run] = world.runs[run]
        if number % LOOKED_AT_ONCE == 0:
            yield
    return list(found.values())


def _run_of(board: Board, ref: Ref, node: Node) -> RunId | None:
    """The JobRun that makes a ref now, or will when its batch is complete."""
    return node.newest.attempt.run if isinstance(node.newest, partition.Building) else board.buffered.get(ref)


def _sources(board: Board, state: Want, node: Node) -> list[Ref] | None:
    """What it is or was made from; None where it was there before the want and is no part of the work."""
    if not node.done:
        return list(needs_of(board, node))
    if isinstance(node.canonical, Live) and node.canonical.since >= state.spec.created_at:
        return [read.ref for read in node.reads]
    return None


def _by_job(board: Board, state: Want, touched: dict[Ref, Node]) -> Pausing[tuple[JobProgress, ...]]:
    counted: dict[str, Counter[str]] = {}
    for number, node in enumerate(touched.values(), start=1):
        counted.setdefault(maker_name(node.maker) or "nobody", Counter())[case_for(board, state, node)] += 1
        if number % LOOKED_AT_ONCE == 0:
            yield
    return tuple(JobProgress(job, counts.total(), dict(counts)) for job, counts in counted.items())


def _run_progress(run: JobRun) -> RunProgress:
    outputs = outputs_of(run)
    return RunProgress(
        id=head_of(run).id,
        state=type(run).__name__,
        job=head_of(run).job,
        since=iso(run.since),
        outputs_count=len(outputs),
        first_output=outputs[0][0],
    )
