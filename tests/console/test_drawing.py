"""Laws of what is drawn and told: layouts, bars, plots, tones, formats."""

from __future__ import annotations

import re
from collections import Counter
from typing import get_args

import pytest
from hypothesis import given
from hypothesis import strategies as st

from orchestrator.console import formats
from orchestrator.console.drawing.bars import WIDTH, stacked_bar
from orchestrator.console.drawing.durations import Took, durations
from orchestrator.console.drawing.graph import NODES_MAX, Drawn, collapsed, drawing
from orchestrator.console.drawing.layers import layers_of
from orchestrator.console.pages.log import KINDS
from orchestrator.console.pages.want import verbs_for
from orchestrator.console.tones import TONES, tone_of_entry, tone_of_reason
from orchestrator.views.codes import Code
from orchestrator.views.shapes import CaseName, Edge, GraphNode
from statemachines import jobrun, partition, want

EDGES = st.lists(st.tuples(st.integers(0, 12), st.integers(0, 12)), max_size=40)


@given(EDGES)
def test_every_node_is_drawn_once_and_edges_go_forwards(edges: list[tuple[int, int]]) -> None:
    """Broken: a node is missing from a graph, or one that is made from another stands before it."""
    nodes = sorted({end for edge in edges for end in edge})
    layers = layers_of(nodes, edges)
    assert sorted(node for layer in layers for node in layer) == nodes
    depth = {node: number for number, layer in enumerate(layers) for node in layer}
    backwards = [(source, target) for source, target in edges if depth[source] >= depth[target]]
    if not has_cycle(nodes, edges):
        assert backwards == []
    assert layers_of(nodes, edges) == layers


def has_cycle(nodes: list[int], edges: list[tuple[int, int]]) -> bool:
    """Whether nodes are left when what nothing leads to is taken away again and again."""
    left = set(nodes)
    while free := {node for node in left if not any(target == node and source in left for source, target in edges)}:
        left -= free
    return bool(left)


@given(st.dictionaries(st.sampled_from(sorted(TONES)), st.integers(0, 10**7), max_size=8))
def test_a_bar_is_as_wide_as_it_should_be_and_shows_all_there_is(parts: dict[str, int]) -> None:
    """Broken: one failure among a million is not seen, or a bar runs out of its frame."""
    text = stacked_bar(parts)
    widths = [float(width) for width in re.findall(r'<rect [^>]*width="([0-9.]+)"', text)]
    shown = [number for number in parts.values() if number]
    assert len(widths) == len(shown)
    if shown:
        assert sum(widths) == pytest.approx(WIDTH, abs=0.1 * len(shown))
        assert min(widths) >= 1


@given(st.lists(st.floats(0, 1e6), max_size=60))
def test_a_plot_holds_every_jobrun_within_its_frame(seconds: list[float]) -> None:
    """Broken: a JobRun that took very long, or no time, breaks the plot."""
    runs = [Took(f"r1-{number}", "Succeeded", "<a>", took) for number, took in enumerate(seconds)]
    text = durations(runs, lambda run: f"/{run}")
    heights = [float(height) for height in re.findall(r'<rect [^>]*height="([0-9.-]+)"', text)]
    assert len(heights) == len(seconds)
    assert all(0 < height <= 140 for height in heights)
    assert "<a>" not in text


def test_a_big_graph_is_drawn_by_job_and_a_small_one_by_ref() -> None:
    """Broken: a graph of hundreds of refs is a wall, or one of three hides them."""
    refs = [GraphNode(f"d/{number}", "ref", "Live" if number else "Failed", "daily") for number in range(NODES_MAX)]
    center = GraphNode("m", "ref", "Absent", "monthly")
    edges = [Edge(ref.id, "m") for ref in refs]
    nodes, drawn, groups = collapsed([center, *refs], edges, "m")
    assert [(node.id, node.state) for node in nodes] == [("m", "Absent"), ("job:daily", "Failed")]
    assert drawn == [("job:daily", "m")]
    assert groups == {"job:daily": Counter(Live=NODES_MAX - 1, Failed=1)}
    assert collapsed(refs[:3], edges[:0], None)[0] == refs[:3]


def test_what_is_drawn_is_escaped() -> None:
    """Broken: a ref with a quote breaks out of a drawing."""
    text = drawing([Drawn("a", "<b>\"'", "&", "good", 'x"onload="y', marked=True)], [], "<")
    assert "<b>" not in text
    assert 'x"onload' not in text


def test_every_state_kind_and_reason_has_a_tone() -> None:
    """Broken: a new state is drawn as if it did not matter, or a page fails at it."""
    for union in (want.Want, partition.Partition, jobrun.JobRun):
        assert {state.__name__ for state in get_args(union)} <= TONES.keys()
    assert set(get_args(CaseName)) <= TONES.keys()
    assert all(tone_of_reason(code) in TONES.values() for code in Code)
    assert {"good", "busy", "wait", "bad", "warn"} <= {tone_of_entry(kind) for kind in KINDS}


def test_what_can_be_done_with_a_want_is_what_its_states_have_methods_for() -> None:
    """Broken: a button is missing, or is there where the engine refuses."""
    for state in get_args(want.Want):
        able = tuple(verb for verb in ("pause", "resume", "cancel", "retry") if hasattr(state, verb))
        assert sorted(verbs_for(state.__name__)) == sorted(able), state


def test_numbers_are_written_for_people() -> None:
    """Broken: a page shows a duration, a size or a moment that nobody can read."""
    assert [formats.span(one) for one in (0.012, 3.21, 42, 600, 86_400 * 3)] == [
        "12 ms",
        "3.2 s",
        "42 s",
        "10 min",
        "3 d",
    ]
    assert [formats.size(one) for one in (312, 4_100, 2_000_000_000)] == ["312 B", "4.1 KB", "2.0 GB"]
    assert formats.ago("2026-11-21T10:00:00Z", "2026-11-21T10:03:00+00:00") == "3 min ago"
    assert formats.ago("2026-11-21T10:03:00Z", "2026-11-21T10:00:00Z") == "in 3 min"
    assert formats.words("UpstreamBuilding") == "Upstream building"
    assert formats.middle("delays/daily/date=2013-01-08", 15) == "delays/\u20263-01-08"
    assert formats.tidy("failed at 2026-11-21T08:00:01.123456Z: x") == "failed at 2026-11-21 08:00:01: x"
