"""A graph as SVG, from left to right: each node a link with a name and a state, above NODES_MAX one for each job."""

from collections import Counter
from collections.abc import Callable, Sequence

import msgspec
from markupsafe import Markup

from orchestrator.console.drawing.layers import layers_of
from orchestrator.console.formats import middle, words
from orchestrator.console.tones import TONES
from orchestrator.views.shapes import Edge, GraphNode

NODES_MAX = 60

WIDTH, HEIGHT = 216, 40
ACROSS, DOWN = 64, 12
MARGIN = 6
_LETTERS = 28


class Drawn(msgspec.Struct, frozen=True):
    """A node as it is drawn. ``about`` stands below its name; ``marked`` is what the graph is about."""

    key: str
    name: str
    about: str
    tone: str
    href: str
    marked: bool = False


class Place(msgspec.Struct, frozen=True):
    """The upper left corner of a node."""

    x: float
    y: float


def collapsed(
    nodes: Sequence[GraphNode], edges: Sequence[Edge], center: str | None, most: int = NODES_MAX
) -> tuple[list[GraphNode], list[tuple[str, str]], dict[str, Counter[str]]]:
    """The nodes and edges to draw; above ``most`` nodes one for each job, with how many refs are in which state.

    The node in the center stays by itself.
    """
    if len(nodes) <= most:
        return list(nodes), [(edge.source, edge.target) for edge in edges], {}
    names = {node.id: node.id if node.id == center else f"job:{node.job}" for node in nodes}
    groups: dict[str, Counter[str]] = {}
    kept: dict[str, GraphNode] = {}
    for node in nodes:
        name = names[node.id]
        if node.id == center:
            kept[name] = node
            continue
        groups.setdefault(name, Counter())[node.state] += 1
        kept[name] = GraphNode(name, "job", _worst(groups[name]), node.job)
    ends = ((names[edge.source], names[edge.target]) for edge in edges)
    return list(kept.values()), list(dict.fromkeys(pair for pair in ends if pair[0] != pair[1])), groups


def drawing(nodes: Sequence[Drawn], edges: Sequence[tuple[str, str]], label: str, row_max: int | None = None) -> Markup:
    """The SVG of a graph. With ``row_max`` a layer of more nodes than that is a grid of several columns."""
    by_key = {node.key: node for node in nodes}
    layers = layers_of(list(by_key), edges)
    places, width, height = _places(layers, row_max or max((len(layer) for layer in layers), default=1))
    lines = Markup("").join(_line(places[source], places[target]) for source, target in edges if source != target)
    boxes = Markup("").join(_box(by_key[key], place) for key, place in places.items())
    frame = Markup(
        '<svg class="graph" width="{0}" height="{1}" viewBox="0 0 {0} {1}" role="group" aria-label="{2}">{3}{4}</svg>'
    )
    return frame.format(width, height, label, lines, boxes)


def ref_node(
    node: GraphNode, group: Counter[str] | None, href: Callable[[GraphNode], str], center: str | None
) -> Drawn:
    """A ref, or the refs of a job that are drawn as one."""
    if group is None:
        return Drawn(node.id, node.id, words(node.state), TONES.get(node.state, "past"), href(node), node.id == center)
    about = ", ".join(f"{number} {words(state).lower()}" for state, number in group.most_common(3))
    name = f"{node.job or 'nobody makes'} \N{MULTIPLICATION SIGN} {group.total()}"
    return Drawn(node.id, name, about, TONES.get(node.state, "past"), href(node))


def _worst(states: Counter[str]) -> str:
    """The state that stands for many: what failed before what is under way, that before what waits, and so on."""
    order = ("bad", "warn", "busy", "wait", "good", "past")
    return min(states, key=lambda state: order.index(TONES.get(state, "past")))


def _places(layers: list[list[str]], row_max: int) -> tuple[dict[str, Place], int, int]:
    tallest = min(row_max, max((len(layer) for layer in layers), default=1))
    height = tallest * (HEIGHT + DOWN) - DOWN + 2 * MARGIN
    places: dict[str, Place] = {}
    x = float(MARGIN)
    for layer in layers:
        columns = [layer[start : start + row_max] for start in range(0, len(layer), row_max)]
        for column in columns:
            top = (height - (len(column) * (HEIGHT + DOWN) - DOWN)) / 2
            for row, key in enumerate(column):
                places[key] = Place(x, top + row * (HEIGHT + DOWN))
            x += WIDTH + DOWN
        x += ACROSS - DOWN
    return places, round(max(x - ACROSS, WIDTH) + MARGIN), round(height)


def _line(source: Place, target: Place) -> Markup:
    x1, y1 = source.x + WIDTH, source.y + HEIGHT / 2
    x2, y2 = target.x, target.y + HEIGHT / 2
    bend = max(ACROSS / 2, (x2 - x1) / 2)
    path = f"M{x1:.0f} {y1:.0f}C{x1 + bend:.0f} {y1:.0f} {x2 - bend:.0f} {y2:.0f} {x2:.0f} {y2:.0f}"
    return Markup('<path class="edge" d="{}"/>').format(path)


def _box(node: Drawn, place: Place) -> Markup:
    box = Markup(
        '<a href="{href}" class="node tone-{tone}{marked}"><title>{title}</title>'
        '<rect class="box" x="{x:.0f}" y="{y:.0f}" width="{width}" height="{height}" rx="5"/>'
        '<rect class="fill-{tone}" x="{x:.0f}" y="{y:.0f}" width="4" height="{height}" rx="2"/>'
        '<text class="name" x="{left:.0f}" y="{upper:.0f}">{name}</text>'
        '<text class="about" x="{left:.0f}" y="{lower:.0f}">{about}</text></a>'
    )
    return box.format(
        href=node.href,
        tone=node.tone,
        marked=" marked" if node.marked else "",
        title=f"{node.name}: {node.about}",
        x=place.x,
        y=place.y,
        width=WIDTH,
        height=HEIGHT,
        left=place.x + 13,
        upper=place.y + 17,
        lower=place.y + 32,
        name=middle(node.name, _LETTERS),
        about=middle(node.about, _LETTERS + 6),
    )
