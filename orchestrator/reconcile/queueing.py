"""Rule: what is demanded and has all it needs is built, unless the bytes that would come out are here already.

Source: design section 4 (case ready), section 8 (reuse by trace), section 7 (configure).
"""

from collections.abc import Iterable

from orchestrator.catalog import Job
from orchestrator.planning.node import Node
from orchestrator.planning.recipes import Recipe
from orchestrator.planning.reuse import reusable_instance
from orchestrator.planning.starting import evidence_for, may_be_queued, queue_run
from orchestrator.planning.turn import Turn
from orchestrator.reconcile.batches import join_batch
from statemachines.jobrun import Queued
from statemachines.partition import Adopted, Building, Live, PartitionLive, PartitionSpec, UpForRetry


def queue_ready(turn: Turn, changed: Iterable[Node]) -> None:
    """Adopt, batch or queue every changed node that may be built now."""
    for node in changed:
        if _is_ready(turn, node):
            _make(turn, node)


def reorder_queued(turn: Turn, changed: Iterable[Node]) -> None:
    """Give the queued JobRuns of changed nodes their places anew: who wants them may have changed."""
    board = turn.board
    building = (node.newest.attempt.run for node in changed if isinstance(node.newest, Building))
    for run_id in dict.fromkeys(building):
        run = board.world.runs[run_id]
        if isinstance(run, Queued):
            board.enqueue(run)


def _is_ready(turn: Turn, node: Node) -> bool:
    if not may_be_queued(turn.board, node):
        return False
    retry_at = turn.board.retry_at(node)
    if retry_at > turn.now:
        turn.board.timers.set(retry_at, "retry", node.ref)
        return False
    return True


def _make(turn: Turn, node: Node) -> None:
    board = turn.board
    recipe = board.graph.recipe_of(node)
    if recipe is None:
        assert isinstance(node.maker, Job), "only what a job makes is ready"
        board.to_ask.setdefault(node.maker.name, {})[node.ref] = None
        return
    found = reusable_instance(board, node, recipe.job)
    if found is not None:
        _adopt(turn, node, found)
    elif recipe.job.batch_max > 1 and len(recipe.outputs) == 1:
        join_batch(turn, recipe.job, node)
    else:
        _queue_recipe(turn, node, recipe)


def _queue_recipe(turn: Turn, node: Node, recipe: Recipe) -> None:
    """Queue one JobRun for all that the recipe makes together, or ask anew where that no longer fits."""
    nodes = [turn.board.graph.node(ref) for ref in recipe.outputs]
    if not all(_is_ready(turn, other) for other in nodes):
        turn.board.recipes.forget(recipe.outputs)
        turn.board.graph.touch(node.ref)
        return
    queue_run(turn, recipe.job, nodes, turn.ids.run())


def _adopt(turn: Turn, node: Node, source: Live) -> None:
    """The same ref, code and inputs gave these bytes before: show them again."""
    board = turn.board
    if isinstance(node.newest, UpForRetry):
        turn.record(node.newest.cancel(at=turn.now), cause=evidence_for(node), want=board.want_for(node))
    spec = PartitionSpec(turn.ids.instance(), node.ref, board.graph.environment)
    first = source.origin.source if isinstance(source.origin, Adopted) else source.spec.id
    reads = tuple(
        board.holdings.canonical[board.world.partitions[read].spec.ref] for read in board.world.reads_of(source)
    )
    turn.record(
        PartitionLive(turn.now, spec, Adopted(first, reads), source.content),
        cause=board.world.seqs[source.spec.id],
        want=board.want_for(node),
    )
