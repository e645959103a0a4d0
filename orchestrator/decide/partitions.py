"""Commands about partitions: taint what must not be used, report what came from outside."""

from collections.abc import Iterator

from orchestrator.catalog import External
from orchestrator.commands import Accepted, Answer, Refused, ReportPartition, TaintPartitions
from orchestrator.decide.environments import no_such_environment
from orchestrator.planning.node import Node
from orchestrator.planning.turn import Turn
from statemachines.partition import Building, Content, Live, PartitionLive, PartitionSpec, Reported


def taint(turn: Turn, command: TaintPartitions) -> Answer:
    """Mark the canonical instances of the refs, and with ``downstream`` all that was or is being made from them."""
    elsewhere = no_such_environment(command.environment)
    if elsewhere is not None:
        return elsewhere
    if not command.refs:
        return Refused("empty_taint", "a taint needs at least one ref", "name what must not be used")
    holdings = turn.board.holdings
    unknown = next((ref for ref in command.refs if ref not in holdings.canonical), None)
    if unknown is not None:
        return Refused(
            "no_such_partition", f"there is nothing to taint at {unknown}", "wantd partition list shows what is there"
        )
    seq = turn.board.world.seq
    roots = [turn.board.graph.node(ref) for ref in command.refs]
    for node in tuple(_downstream(roots)) if command.downstream else roots:
        seq = _taint_node(turn, node, command) or seq
    return Accepted(command.refs[0], seq)


def _taint_node(turn: Turn, node: Node, command: TaintPartitions) -> int | None:
    """Taint what is Live, and under ``downstream`` what is being made. None where it is tainted already."""
    world = turn.board.world
    seq = None
    if isinstance(node.canonical, Live):
        event = node.canonical.taint(command.reason, command.actor, at=turn.now)
        seq = turn.record(event, cause=world.seqs[event.id], actor=command.actor)
    if command.downstream and isinstance(node.newest, Building) and node.ref not in command.refs:
        event = node.newest.taint(command.reason, command.actor, at=turn.now)
        seq = turn.record(event, cause=world.seqs[event.id], actor=command.actor)
    return seq


def _downstream(roots: list[Node]) -> Iterator[Node]:
    """The nodes, and everything whose canonical instance was made from one of them, or is being made from one."""
    seen = dict.fromkeys(roots)
    waiting = list(roots)
    while waiting:
        node = waiting.pop()
        yield node
        for reader in node.readers:
            if reader not in seen:
                seen[reader] = None
                waiting.append(reader)


def report(turn: Turn, command: ReportPartition) -> Answer:
    """Take in that data from outside is there. The same digest again changes nothing."""
    elsewhere = no_such_environment(command.environment)
    if elsewhere is not None:
        return elsewhere
    maker = turn.board.recipes.maker(command.ref)
    if not isinstance(maker, External):
        why = f"no [[external]] of the configuration covers {command.ref}" + (
            f", job {maker.name} makes it" if maker is not None else ""
        )
        return Refused("not_external", why, "only data from outside is reported; what a job makes is wanted")
    now_there = turn.board.holdings.canonical.get(command.ref)
    if now_there is not None and command.digest is not None:
        state = turn.board.world.partitions[now_there]
        if isinstance(state, Live) and state.content.digest == command.digest:
            return Accepted(now_there, turn.board.world.seqs[now_there])
    instance = turn.ids.instance()
    content = Content(command.digest or f"reported:{instance}", metadata=command.metadata)
    spec = PartitionSpec(instance, command.ref, command.environment)
    event = PartitionLive(turn.now, spec, Reported(command.actor, command.location), content)
    return Accepted(instance, turn.record(event, actor=command.actor))
