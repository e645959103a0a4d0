"""What work may cost, counted: commits, events, and nodes looked at. Counts do not depend on how fast a machine is."""

from collections.abc import Generator
from contextlib import contextmanager

import pytest

from orchestrator.planning.graph import Graph
from orchestrator.planning.node import Node
from statemachines.ids import LOCAL, InstanceId
from statemachines.partition import Content, PartitionLive, PartitionSpec, Reported
from statemachines.refs import Ref
from tests.kit.core import Core

APPLICATION = """
[application]
name = "gates"
[pools]
default = 100000
[[external]]
name = "idle"
outputs = ["idle/{n:int}"]
[[job]]
name = "root"
outputs = ["root"]
command = ["root"]
[[job]]
name = "leaf"
outputs = ["leaf/{n:int}"]
inputs = ["root"]
command = ["leaf"]
"""

LAYERS = 10
WIDTH = 100


def diamond() -> str:
    """A root, layers of which each ref needs three of the layer before, and a top that needs the whole last layer."""
    parts = [APPLICATION]
    for layer in range(LAYERS):
        inputs = '"root"' if layer == 0 else f'"layer{layer - 1}/{{n}}", "layer{layer - 1}/{{n-2..n-1}}"'
        name = f"layer{layer}"
        parts.append(
            f'[[job]]\nname = "{name}"\noutputs = ["{name}/{{n:int}}"]\ninputs = [{inputs}]\ncommand = ["run"]'
        )
    last = ", ".join(f'"layer{LAYERS - 1}/{n}"' for n in range(WIDTH))
    parts.append(f'[[job]]\nname = "top"\noutputs = ["top"]\ninputs = [{last}]\ncommand = ["run"]')
    return "\n".join(parts)


CHAIN = """
[application]
name = "chain"
[pools]
default = 100000
[[external]]
name = "idle"
outputs = ["idle/{n:int}"]
[[job]]
name = "link"
outputs = ["link/{n:int}"]
inputs = ["link/{n-1}"]
command = ["link"]
"""


def built(toml: str, *refs: str) -> Core:
    """Want the refs and play until nothing runs any more."""
    core = Core(toml)
    want = core.want(*refs)
    core.play()
    assert core.state(want) == "Successful"
    return core


def per_partition(core: Core) -> float:
    return len(core.facts) / len(core.board.world.partitions)


def test_a_fan_out_of_a_thousand_takes_six_commits() -> None:
    """If this fails, what could run together is spread over many commits."""
    core = built(APPLICATION, *(f"leaf/{n}" for n in range(1_000)))
    assert len(core.board.world.partitions) == 1_001
    assert core.turns <= 6
    assert per_partition(core) <= 6


def test_a_diamond_of_ten_by_a_hundred_takes_fourteen_commits() -> None:
    """If this fails, a layer waits for more than the layer before it."""
    core = built(diamond(), "top")
    assert len(core.board.world.partitions) == LAYERS * WIDTH + 2
    assert core.turns <= LAYERS + 4
    assert per_partition(core) <= 6


@pytest.mark.parametrize("length", [1, 20, 200])
def test_a_chain_takes_a_commit_a_link(length: int) -> None:
    """If this fails, there are turns between the end of a job and the start of the next."""
    core = built(CHAIN, f"link/{length - 1}")
    assert len(core.board.world.partitions) == length
    assert core.turns <= length + 3
    assert per_partition(core) <= 6 + 3 / length


@pytest.mark.parametrize("width", [10, 1_000])
def test_an_ask_with_nothing_to_do_takes_three_events(width: int) -> None:
    """If this fails, asking for what is there costs as much as there is."""
    refs = [f"leaf/{n}" for n in range(width)]
    core = built(APPLICATION, *refs)
    before, turns = len(core.facts), core.turns
    core.want(*refs)
    assert len(core.facts) - before <= 3
    assert core.turns - turns == 1


@pytest.mark.parametrize(
    "typed", [tuple(f"leaf/{n}" for n in range(1_000)), ("leaf/0..999",), ("leaf/{0..499,500..999}",)]
)
def test_asking_again_keeps_no_text_of_its_own(typed: tuple[str, ...]) -> None:
    """If this fails, who asks every hour for a year of data fills the memory with its names."""
    core = built(APPLICATION, *(f"leaf/{n}" for n in range(1_000)))
    names = set(map(id, core.board.holdings.newest))
    asked = core.board.world.wants[core.want(*("".join(list(text)) for text in typed))].spec.refs
    assert len(asked) == 1_000
    assert not {id(ref) for ref in asked} - names


@contextmanager
def settled(patch: pytest.MonkeyPatch) -> Generator[list[Ref]]:
    """The refs of the nodes that are settled meanwhile, each as often as it is."""
    seen: list[Ref] = []
    settle = Graph._settle

    def count(graph: Graph, node: Node) -> None:
        seen.append(node.ref)
        settle(graph, node)

    with patch.context() as patched:
        patched.setattr(Graph, "_settle", count)
        yield seen


def with_idle(core: Core, number: int) -> None:
    """Give it as many partitions that lie there and change no more."""
    board = core.board
    for n in range(number):
        spec = PartitionSpec(InstanceId(f"idle-{n}"), Ref(f"idle/{n}"), LOCAL)
        event = PartitionLive(core.now, spec, Reported("test"), Content(f"{n}"))
        board.apply(event, board.world.seq + 1)
    core.turn()


def test_work_is_proportional_to_what_changed(monkeypatch: pytest.MonkeyPatch) -> None:
    """If this fails, every want pays for all partitions that are there."""
    core = Core(CHAIN)
    with_idle(core, 100_000)
    with settled(monkeypatch) as seen:
        want = core.want("link/2")
        core.play()
    assert core.state(want) == "Successful"
    assert 3 <= len(seen) < 60


def test_a_change_reaches_its_direct_dependents_and_no_further(monkeypatch: pytest.MonkeyPatch) -> None:
    """If this fails, what nobody asked for is looked at when something far below it changes."""
    core = built(APPLICATION, *(f"leaf/{n}" for n in range(100)), "root")
    with settled(monkeypatch) as seen:
        core.want("leaf/5")
    assert set(seen) <= {"leaf/5", "root"}
