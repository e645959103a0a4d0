"""What needs what: around a ref, as far as asked, or among the jobs. Colors say how it stands."""

from collections import Counter
from typing import get_args

import msgspec
from markupsafe import Markup

from orchestrator.console.drawing.graph import NODES_MAX, Drawn, drawing
from orchestrator.console.pages.overview import counts
from orchestrator.console.pages.partition import draw
from orchestrator.console.tones import TONES
from orchestrator.console.visits import Visit
from orchestrator.views.shapes import GraphNode, GraphView, JobRunFilter, JobRunStateName
from statemachines import jobrun

OPEN = ("Running", "Launching", "Canceling", "Queued", "Buffering")
"""What says most about a job first."""

ENDED: tuple[JobRunStateName, ...] = ("Succeeded", "Failed", "Lost", "DepMiss")

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
    picture = draw(visit, found, NODES_MAX) if ref else await _jobs(visit, found)
    states = dict(Counter(node.state for node in found.nodes).most_common()) if ref else {}
    return Graph(ref, depth, picture, states, bool(ref) and len(found.nodes) > NODES_MAX, found.cut)


async def _jobs(visit: Visit, found: GraphView) -> Markup:
    drawn = [await _job(visit, node) for node in found.nodes]
    return drawing(drawn, [(edge.source, edge.target) for edge in found.edges], "Which job needs what another makes")


async def _job(visit: Visit, node: GraphNode) -> Drawn:
    """A job, in the tone of what is open of it, or else of what ended last."""
    href = visit.link(f"/jobs/{node.id}")
    if node.kind == "external":
        return Drawn(node.id, node.id, "from outside", "past", href)
    numbers = counts(await visit.world(), get_args(jobrun.JobRun), node.id)
    newest = await visit.reads.jobruns(JobRunFilter(job=node.id, states=ENDED, order="newest", limit=1))
    state = next((state for state in OPEN if state in numbers), newest[0].state if newest else "Configured")
    about = ", ".join(f"{number} {state.lower()}" for state, number in numbers.items())
    return Drawn(node.id, node.id, about or "never ran", TONES[state], href)
