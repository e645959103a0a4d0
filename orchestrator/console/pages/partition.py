"""A partition: what there is of a ref, why it is or is not there, what it was made from and what was made from it."""

from itertools import islice

import msgspec
from markupsafe import Markup

from orchestrator.api.door import DoorError
from orchestrator.console.drawing import graph
from orchestrator.console.happenings import Happening, life
from orchestrator.console.visits import Visit
from orchestrator.views.jobruns import jobrun_view
from orchestrator.views.shapes import GraphNode, GraphView, JobRunView, Lookup, PartitionDetail, Why
from statemachines.ids import RunId

INSTANCES_SHOWN = 20
NODES_SHOWN = 24
_AROUND = 1


class PartitionPage(msgspec.Struct, frozen=True):
    """Everything about one ref; ``detail`` is None where nothing was ever made for it."""

    ref: str
    state: str
    why: Why
    lookup: Lookup
    detail: PartitionDetail | None
    runs: list[JobRunView]
    entries: list[Happening]
    drawing: Markup


async def partition(visit: Visit) -> PartitionPage:
    """Take the page of a ref, or of the ref of an instance. Raises DoorError."""
    detail = await _detail(visit, visit.text("ref"))
    ref = visit.text("ref") if detail is None else detail.ref
    why = await visit.reads.why(ref)
    return PartitionPage(
        ref=ref,
        state=why.state,
        why=why,
        lookup=await visit.reads.lookup(ref),
        detail=detail,
        runs=await _runs(visit, detail),
        entries=[] if detail is None else await life(visit, detail.id, _seq_of(detail)),
        drawing=draw(visit, await visit.reads.graph(ref, _AROUND), NODES_SHOWN),
    )


def draw(visit: Visit, found: GraphView, most: int) -> Markup:
    """Draw what needs what around a ref."""
    nodes, edges, groups = graph.collapsed(found.nodes, found.edges, found.ref, most)

    def href(node: GraphNode) -> str:
        if node.id not in groups:
            return visit.link("/partition", ref=node.id)
        return visit.link(f"/jobs/{node.job}") if node.job else visit.link("/jobs")

    drawn = [graph.ref_node(node, groups.get(node.id), href, found.ref) for node in nodes]
    return graph.drawing(drawn, edges, f"What {found.ref} is made from, and what is made from it")


async def _detail(visit: Visit, ref: str) -> PartitionDetail | None:
    try:
        return await visit.reads.partition(ref)
    except DoorError as error:
        if error.code == "no_such_partition":
            return None
        raise


async def _runs(visit: Visit, detail: PartitionDetail | None) -> list[JobRunView]:
    """The JobRuns of its newest instances."""
    if detail is None:
        return []
    board = await visit.reads.board()
    made_by = dict.fromkeys(one.run for one in islice(detail.instances, INSTANCES_SHOWN) if one.run is not None)
    return [jobrun_view(board, board.world.runs[RunId(run)]) for run in made_by]


def _seq_of(detail: PartitionDetail) -> int:
    return next(one.seq for one in detail.instances if one.id == detail.id)
