"""Graphs: around a ref and among the jobs, as text and as Mermaid."""

from pathlib import Path

from orchestrator.config import Config, read_config
from orchestrator.views.drawing import as_mermaid, as_text
from orchestrator.views.graph import graph_around, graph_of_jobs
from orchestrator.views.paging import at_once
from statemachines.refs import Ref
from tests.kit.core import Core
from tests.views.samples import CHAIN


def config() -> Config:
    return read_config(Path("wantd.toml"), CHAIN, cpus=2)


def test_a_graph_reaches_as_far_as_asked() -> None:
    """If this fails, a drawing leaves out what is near, or pretends to be whole."""
    core = Core(CHAIN)
    near, far = at_once(graph_around(core.board, Ref("top"), 1)), at_once(graph_around(core.board, Ref("top"), 2))
    assert [node.id for node in near.nodes] == ["top", "mid/1", "mid/2"]
    assert near.cut
    assert {node.id for node in far.nodes} == {"top", "mid/1", "mid/2", "raw/1", "raw/2"}
    assert not far.cut


def test_what_was_made_from_a_ref_is_drawn_too() -> None:
    """If this fails, a drawing looks only one way."""
    core = Core(CHAIN)
    core.want("top")
    core.play()
    drawn = at_once(graph_around(core.board, Ref("mid/1"), 3))
    assert ("mid/1", "top") in [(edge.source, edge.target) for edge in drawn.edges]
    assert {node.state for node in drawn.nodes} == {"Live"}


def test_jobs_are_linked_by_what_they_can_make() -> None:
    """If this fails, the graph of the jobs is not that of the configuration."""
    drawn = graph_of_jobs(Core(CHAIN).board, config())
    edges = {(edge.source, edge.target) for edge in drawn.edges}
    expected = {("raw", "mid"), ("mid", "top"), ("outside", "needs_outside"), ("raw", "batched"), ("raw", "queries")}
    assert edges == expected


def test_text_and_mermaid_name_everything_and_keep_markup_out() -> None:
    """If this fails, a drawing cannot be read, or a ref can break out of it."""
    drawn = at_once(graph_around(Core(CHAIN).board, Ref("top"), 2))
    text = as_text(drawn)
    assert text.splitlines()[0].startswith("top [Absent, top]")
    assert "    raw/2 [Absent, raw]" in text
    assert as_mermaid(drawn).startswith("flowchart LR\n")
    hostile = as_mermaid(at_once(graph_around(Core(CHAIN).board, Ref("x<script>{}#;|"), 1)))
    assert "<" not in hostile
    assert "{" not in hostile
