"""How far a want is, in one answer: its refs, everything it touches by job, what runs for it, what failed.

Counts what was made since the want was created, and what is still to be made; what was there before is not part of the
work. Costs time in proportion to that, so whoever shows it live should ask less often the longer an answer takes.
"""

from collections import Counter
from collections.abc import Iterator

from orchestrator.planning.board import Board
from orchestrator.planning.node import Node
from orchestrator.views.jobruns import outputs_of
from orchestrator.views.looking import iso, maker_name, needs_of, peek
from orchestrator.views.shapes import JobProgress, Progress, RunProgress
from orchestrator.views.wants import case_for, failures, want_view
from statemachines import jobrun
from statemachines.ids import Timestamp, WantId
from statemachines.jobrun import JobRun
from statemachines.partition import Live
from statemachines.refs import Ref
from statemachines.traits import head_of
from statemachines.want import Want

_WAITS = (jobrun.Buffering, jobrun.Queued)


def progress(board: Board, want_id: WantId, now: Timestamp) -> Progress:
    """How far a want is. The last lines of output are left empty. Raises KeyError."""
    world = board.world
    state = world.wants[want_id]
    touched = _touched(board, state)
    runs = [run for run in (world.runs[one] for one in world.open_runs) if _is_for(run, want_id, touched)]
    return Progress(
        id=want_id,
        state=type(state).__name__,
        seq=world.seq,
        now=iso(now),
        want=want_view(board, state),
        cases=dict(Counter[str](case_for(board, state, peek(board, ref)) for ref in state.spec.refs)),
        jobs=tuple(_by_job(board, state, touched)),
        running=tuple(_run_progress(run) for run in runs if not isinstance(run, _WAITS)),
        queued=sum(isinstance(run, _WAITS) for run in runs),
        failures=failures(board, state),
    )


def _touched(board: Board, state: Want) -> dict[Ref, Node]:
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
    return found


def _sources(board: Board, state: Want, node: Node) -> list[Ref] | None:
    """What it is or was made from; None where it was there before the want and is no part of the work."""
    if not node.done:
        return list(needs_of(board, node))
    if isinstance(node.canonical, Live) and node.canonical.since >= state.spec.created_at:
        return [read.ref for read in node.reads]
    return None


def _by_job(board: Board, state: Want, touched: dict[Ref, Node]) -> Iterator[JobProgress]:
    cases: dict[str, Counter[str]] = {}
    for node in touched.values():
        cases.setdefault(maker_name(node.maker) or "nobody", Counter())[case_for(board, state, node)] += 1
    for job, counts in cases.items():
        yield JobProgress(job, counts.total(), dict(counts))


def _is_for(run: JobRun, want_id: WantId, touched: dict[Ref, Node]) -> bool:
    return head_of(run).want == want_id or any(ref in touched for ref, _ in outputs_of(run))


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
