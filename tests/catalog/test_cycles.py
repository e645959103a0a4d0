"""Finding cycles, against closing the relation step by step."""

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from orchestrator.catalog import TooMany, find_cycle
from statemachines.refs import Ref

NODES = [Ref(name) for name in "abcdefgh"]
GRAPHS = st.fixed_dictionaries({node: st.lists(st.sampled_from(NODES), max_size=3) for node in NODES})
Graph = dict[Ref, list[Ref]]


def reachable(graph: Graph, start: list[Ref]) -> set[Ref]:
    found = set(start)
    for _ in NODES:
        found |= {need for ref in found for need in graph[ref]}
    return found


@given(GRAPHS, st.lists(st.sampled_from(NODES), max_size=3))
def test_finds_a_cycle_where_there_is_one(graph: Graph, start: list[Ref]) -> None:
    """A plan would wait for itself, or a graph without a cycle be refused."""
    cycle = find_cycle(start, graph.__getitem__, limit=len(NODES))
    exists = any(ref in reachable(graph, graph[ref]) for ref in reachable(graph, start))
    assert (cycle is not None) == exists
    if cycle is not None:
        assert cycle[0] == cycle[-1]
        assert len(set(cycle)) == len(cycle) - 1
        assert all(need in graph[ref] for ref, need in pairwise(cycle))


def test_a_long_chain_needs_no_recursion() -> None:
    """A daily job that needs the day before would end in a traceback after three years."""
    assert find_cycle([Ref("50000")], lambda ref: [Ref(str(int(ref) - 1))] if ref != "0" else [], 100_000) is None


def test_shared_needs_are_looked_at_once() -> None:
    """A diamond of forty layers has a million million paths."""
    graph = {
        Ref(f"{layer}{side}"): [Ref(f"{layer - 1}{end}") for end in "ab"] for layer in range(1, 41) for side in "ab"
    }
    assert find_cycle([Ref("40a")], lambda ref: graph.get(ref, []), limit=100) is None


def test_a_graph_without_end_is_given_up() -> None:
    """A job that needs n + 1 would hang the daemon."""
    with pytest.raises(TooMany, match="more than 1000 refs hang together; want fewer at a time"):
        find_cycle([Ref("0")], lambda ref: [Ref(str(int(ref) + 1))], 1000)
