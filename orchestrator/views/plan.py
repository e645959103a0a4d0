"""What a want would do, without doing it: the engine's own rules, played on an excerpt of the world.

``rehearsal`` plays; this tells of it. For jobs whose inputs are declared the plan is what happens, unless an input
comes out with an equal digest (then less does). What dynamic and configured jobs will ask for nobody knows before; the
plan says so. Which of several that may run at the same time comes first, and who shares a batch with whom, is no
promise. Nothing of the board is changed.

Source: design section 10 (plan); law 6 is what makes this possible.
"""

from collections.abc import Iterator, Sequence
from hashlib import blake2b
from typing import NamedTuple

import msgspec

from orchestrator.catalog import External, find_cycle
from orchestrator.decide.wants import CLOSURE_MAX
from orchestrator.planning.board import Board
from orchestrator.planning.node import Node
from orchestrator.views.codes import Code
from orchestrator.views.looking import needs_of, peek, problem_of
from orchestrator.views.partitions import Places
from orchestrator.views.rehearsal import Rehearsal
from orchestrator.views.shapes import GivenInput, Plan, PlannedRef, PlannedRun
from orchestrator.views.situation import failed, situation
from statemachines.ids import InstanceId
from statemachines.jobrun import JobRunLaunching, RunSpec, RunState
from statemachines.partition import Adopted, Partition, PartitionLive
from statemachines.refs import Ref
from statemachines.traits import live_of

_REASONS: dict[str, tuple[Code, str]] = {
    "missing": (Code.NEVER_BUILT, "nothing is there"),
    "tainted": (Code.TAINTED, "what is there is tainted"),
    "stale": (Code.STALE, "what is there was made from something that changed or is rebuilt"),
    "retry": (Code.BACKOFF, "the last try failed"),
    "inputs_arrived": (Code.MISSED, "what its job found missing is there then"),
}
_ASKED = "its configure executable says what it needs, and what is made together, only when it is asked"
_DYNAMIC = "it may find out while it runs that it needs more; then that is built and it runs again"


class Prepared(NamedTuple):
    """All that a plan takes from the board; from here on the board may go on."""

    wanted: tuple[Ref, ...]
    seq: int
    play: Rehearsal
    done: dict[Ref, GivenInput]
    """What is there and fresh, of all that was looked at."""
    under_way: tuple[PlannedRef, ...]
    external: dict[Ref, PlannedRef]
    orphans: tuple[PlannedRef, ...]
    places: Places


def plan(board: Board, refs: Sequence[Ref], places: Places) -> Plan:
    """What a want for these refs would do now."""
    return rehearsed(prepared(board, refs, places))


def prepared(board: Board, refs: Sequence[Ref], places: Places) -> Prepared:
    """Take from the board what is needed. Costs time in proportion to what is not done."""
    wanted = tuple(dict.fromkeys(refs))
    play = Rehearsal(board, tuple(ref for ref in wanted if board.recipes.maker(ref) is not None))
    nodes = [peek(board, ref) for ref in play.refs]
    open_nodes = [node for node in nodes if not node.done]
    return Prepared(
        wanted=wanted,
        seq=board.world.seq,
        play=play,
        done={node.ref: _given(node.canonical, places) for node in nodes if node.done and node.canonical is not None},
        under_way=tuple(_as_is(board, node) for node in nodes if node.building or node.ref in board.buffered),
        external={node.ref: _as_is(board, node) for node in open_nodes if isinstance(node.maker, External)},
        orphans=tuple(_orphan(board, ref) for ref in wanted if board.recipes.maker(ref) is None),
        places=places,
    )


def rehearsed(start: Prepared) -> Plan:
    """Play it through, and tell of it. Some 0.3 ms for each JobRun; may be done in a thread."""
    play = start.play
    play.run()
    runs, adopted = tuple(_runs(play)), tuple(_adopted(play))
    unknown = tuple(_unknown(play, runs))
    found = Plan(
        refs=start.wanted,
        seq=start.seq,
        runs=runs,
        done=tuple(ref for ref in start.wanted if ref in start.done),
        under_way=start.under_way,
        adopted=adopted,
        awaited=(*(start.external[ref] for ref in play.awaited), *_never_asked(play)),
        impossible=(*start.orphans, *_impossible(play)),
        unknown=unknown,
        given=tuple(_inputs_there(start, runs, adopted)),
        exact=not unknown,
        digest="",
    )
    return msgspec.structs.replace(found, digest=_digest(found))


def _digest(plan: Plan) -> str:
    """What tells a plan from one that would do something else; which of its JobRuns come first is no difference."""
    runs = sorted((run.job, run.outputs, run.inputs, run.code) for run in plan.runs)
    others = (plan.under_way, plan.adopted, plan.awaited, plan.impossible, plan.unknown)
    refs = [sorted((one.ref, one.code, one.id or "") for one in group) for group in others]
    return blake2b(msgspec.json.encode((plan.refs, runs, plan.done, refs)), digest_size=8).hexdigest()


def _runs(play: Rehearsal) -> Iterator[PlannedRun]:
    """The JobRuns that were started, in that order."""
    made: dict[Ref, int] = {}
    launched = (fact.event for fact in play.facts if isinstance(fact.event, JobRunLaunching))
    new = (event for event in launched if event.id not in play.known_runs)
    for number, event in enumerate(new, start=1):
        state = play.board.world.runs[event.id]
        assert isinstance(state, RunState), "what was launched has a spec"
        inputs = tuple(play.board.world.partitions[given].spec.ref for given in event.activation.inputs)
        yield _run(play, number, state.spec, inputs, made)
        made.update(dict.fromkeys((output.ref for output in state.spec.outputs), number))


def _run(play: Rehearsal, number: int, spec: RunSpec, inputs: tuple[Ref, ...], made: dict[Ref, int]) -> PlannedRun:
    job = play.board.recipes.catalog.job(spec.job)
    code, text = _REASONS[spec.reason]
    return PlannedRun(
        number=number,
        job=job.name,
        outputs=tuple(output.ref for output in spec.outputs),
        inputs=inputs,
        code=code,
        text=text,
        pool=job.pool,
        slots=job.slots,
        after=tuple(sorted({made[ref] for ref in inputs if ref in made})),
    )


def _unknown(play: Rehearsal, runs: Sequence[PlannedRun]) -> Iterator[PlannedRef]:
    for run in runs:
        for ref in run.outputs:
            if ref in play.asked:
                yield PlannedRef(ref, Code.CONFIGURING, _ASKED)
            elif play.board.recipes.catalog.job(run.job).dynamic:
                yield PlannedRef(ref, Code.MISSED, _DYNAMIC)


def _inputs_there(start: Prepared, runs: Sequence[PlannedRun], adopted: Sequence[PlannedRef]) -> Iterator[GivenInput]:
    """What the runs read and do not make themselves: what is there, or an older instance that is shown again."""
    sources = {found.ref: InstanceId(found.id) for found in adopted if found.id is not None}
    made = {ref for run in runs for ref in run.outputs}
    for ref in dict.fromkeys(Ref(ref) for run in runs for ref in run.inputs if ref not in made):
        if ref in start.done:
            yield start.done[ref]
        elif ref in sources:
            yield _given(start.play.board.world.partitions[sources[ref]], start.places)


def _given(state: Partition, places: Places) -> GivenInput:
    live = live_of(state)
    assert live is not None, "what is read is Live"
    return GivenInput(live.spec.ref, live.spec.id, places(live), live.content.digest)


def _adopted(play: Rehearsal) -> Iterator[PlannedRef]:
    for fact in play.facts:
        if isinstance(fact.event, PartitionLive) and isinstance(fact.event.origin, Adopted):
            source = fact.event.origin.source
            text = f"the same code and inputs gave instance {source} before; it is shown again"
            yield PlannedRef(fact.event.spec.ref, Code.ADOPTED, text, source)


def _as_is(board: Board, node: Node) -> PlannedRef:
    code, text, _ = situation(board, node, node.opened or board.world.seq)
    instance = None if node.newest is None else node.newest.spec.id
    return PlannedRef(node.ref, code, text, instance)


# ------------------------------------------------------------------------------------------------ what cannot be had


def _orphan(board: Board, ref: Ref) -> PlannedRef:
    nearest = board.recipes.catalog.nearest(ref)
    hint = f"the nearest: {', '.join(nearest)}" if nearest else "see what can be made with: wantd job list"
    return PlannedRef(ref, Code.NO_JOB_MAKES, f"no job makes it; {hint}")


def _impossible(play: Rehearsal) -> Iterator[PlannedRef]:
    """What is not there at the end: the roots of it, and what is wanted and fails because of them."""
    stuck = _stuck(play)
    roots = {node.ref: found for node in stuck if (found := _root(play, node)) is not None}
    cycle = find_cycle([node.ref for node in stuck], lambda ref: _open_needs(play, peek(play.board, ref)), CLOSURE_MAX)
    if cycle is not None:
        roots[cycle[0]] = PlannedRef(cycle[0], Code.CYCLE, "it needs itself: " + " -> ".join(cycle))
    yield from roots.values()
    for node in stuck:
        if node.ref in play.wanted and node.ref not in roots and node.blocked > play.opened:
            yield PlannedRef(node.ref, Code.UPSTREAM_FAILED, "something it needs cannot be had")


def _never_asked(play: Rehearsal) -> Iterator[PlannedRef]:
    """What must be there but is not built for the asking."""
    for node in _stuck(play):
        if node.ref not in play.wanted and not _open_needs(play, node) and _root(play, node) is None:
            text = "it has to be there for what queries it, but is not built for the asking; want it"
            yield PlannedRef(node.ref, Code.NOT_BUILT_FOR_ASKING, text)


def _root(play: Rehearsal, node: Node) -> PlannedRef | None:
    problem = problem_of(play.board, node.ref)
    if problem:
        return PlannedRef(node.ref, Code.BAD_INPUTS, problem)
    last = failed(node) if node.failed_at > play.opened else None
    return None if last is None else PlannedRef(node.ref, last.code, last.text)


def _stuck(play: Rehearsal) -> list[Node]:
    """What is wanted or needed and is not there at the end."""
    seen = {ref: None for ref in play.wanted if not peek(play.board, ref).done}
    waiting = list(seen)
    while waiting:
        new = [ref for ref in _open_needs(play, peek(play.board, waiting.pop())) if ref not in seen]
        seen.update(dict.fromkeys(new))
        waiting.extend(new)
    return [peek(play.board, ref) for ref in seen]


def _open_needs(play: Rehearsal, node: Node) -> list[Ref]:
    return [ref for ref in needs_of(play.board, node) if not peek(play.board, ref).done]
