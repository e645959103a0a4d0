"""What needs what: around a ref, as far as asked, or among the jobs. Colors say how it stands."""

from collections import Counter
from typing import get_args

import msgspec
from markupsafe import Markup

from orchestrator.console.drawing.graph import NODES_MAX, Drawn, drawing
from orchestrator.console.newest import newest
from orchestrator.console.pages.overview import counts
from orchestrator.console.pages.partition import draw
from orchestrator.console.tones import TONES
from orchestrator.console.visits import Visit
from orchestrator.views.shapes import GraphNode, GraphView
from statemachines import jobrun
from statemachines.traits import head_of
from statemachines.world import World

DEPTH = 2
DEPTH_MAX = 20


class Graph(msgspec.Struct, frozen=True):
    """A graph. ``states`` counts its nodes by state; ``collapsed``: refs are drawn together, by job."""

    ref: str
    depth: int
    drawing: Markup
    states: dict[str, int]
    collapsed: bool
    cut: bool


async def graph(visit: Visit) -> Graph:
    """Take the graph around a ref, or that of the jobs. Raises DoorError."""
    ref, depth = visit.text("ref").strip(), min(visit.number("depth", DEPTH), DEPTH_MAX)
    found = await visit.reads.graph(ref or None, depth)
    picture = draw(visit, found, NODES_MAX) if ref else _jobs(visit, found, await visit.world())
    states = dict(Counter(node.state for node in found.nodes).most_common()) if ref else {}
    return Graph(ref, depth, picture, states, bool(ref) and len(found.nodes) > NODES_MAX, found.cut)


def _jobs(visit: Visit, found: GraphView, world: World) -> Markup:
    last = _last_ends(world)
    drawn = [_job(visit, node, world, last) for node in found.nodes]
    return drawing(drawn, [(edge.source, edge.target) for edge in found.edges], "Which job needs what another makes")


def _job(visit: Visit, node: GraphNode, world: World, last: dict[str, str]) -> Drawn:
    href = visit.link(f"/jobs/{node.id}")
    if node.kind == "external":
        return Drawn(node.id, node.id, "from outside", "past", href)
    numbers = counts(world, get_args(jobrun.JobRun), node.id)
    is_busy = any(state.__name__ in numbers for state in get_args(jobrun.Open))
    state = "Running" if is_busy else last.get(node.id, "Configured")
    about = ", ".join(f"{number} {state.lower()}" for state, number in numbers.items())
    return Drawn(node.id, node.id, about or "never ran", TONES[state], href)


def _last_ends(world: World) -> dict[str, str]:
    """How the newest JobRun of each job ended, as far as the newest JobRuns tell."""
    found: dict[str, str] = {}
    for run in newest(world.runs, lambda run: not isinstance(run, get_args(jobrun.Open)), limit=2_000).items:
        found.setdefault(head_of(run).job, type(run).__name__)
    return found
