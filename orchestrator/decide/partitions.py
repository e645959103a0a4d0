"""Commands about partitions: taint what must not be used, report what came from outside."""

from orchestrator.catalog import External
from orchestrator.commands import Accepted, Answer, Refused, ReportPartition, TaintPartitions
from orchestrator.decide.environments import no_such_environment
from orchestrator.planning.board import Board
from orchestrator.planning.node import Node
from orchestrator.planning.turn import Turn
from statemachines.jobrun import Started
from statemachines.partition import Building, Content, Live, PartitionLive, PartitionSpec, Reported
from statemachines.refs import Ref


def taint(turn: Turn, command: TaintPartitions) -> Answer:
    """Mark the canonical instances of the refs, and with ``downstream`` all that was or is being made from them."""
    elsewhere = no_such_environment(command.environment)
    if elsewhere is not None:
        return elsewhere
    if not command.refs:
        return Refused("bad_ref", "a taint needs at least one ref", "name what must not be used")
    holdings = turn.board.holdings
    unknown = next((ref for ref in command.refs if ref not in holdings.canonical), None)
    if unknown is not None:
        return Refused(
            "no_such_partition", f"there is nothing to taint at {unknown}", "wantd partition list shows what is there"
        )
    seq = turn.board.world.seq
    roots = tuple(dict.fromkeys(turn.board.graph.node(ref) for ref in command.refs))
    below = _downstream(turn.board, roots) if command.downstream else []
    for node in (*roots, *below):
        if isinstance(node.canonical, Live):
            seq = _taint(turn, node.canonical, command)
    for node in below:
        if isinstance(node.newest, Building):
            seq = _taint(turn, node.newest, command)
    return Accepted(command.refs[0], seq)


def _taint(turn: Turn, instance: Live | Building, command: TaintPartitions) -> int:
    event = instance.taint(command.reason, command.actor, at=turn.now)
    return turn.record(event, cause=turn.board.world.seqs[event.id], actor=command.actor)


def _downstream(board: Board, roots: tuple[Node, ...]) -> list[Node]:
    """Everything whose canonical instance was made from the roots, or that is being made from them.

    Looks once at each open JobRun.
    """
    made_now = _made_now(board)
    found = dict.fromkeys(roots)
    waiting = list(found)
    while waiting:
        node = waiting.pop()
        readers = (*board.graph.readers_of(node), *made_now.get(node.ref, ()))
        new = [reader for reader in readers if reader not in found]
        found.update(dict.fromkeys(new))
        waiting.extend(new)
    return list(found)[len(roots) :]


def _made_now(board: Board) -> dict[Ref, list[Node]]:
    """What is being made at the moment, by the refs that it is made from."""
    found: dict[Ref, list[Node]] = {}
    runs = (board.world.runs[run] for run in board.world.open_runs)
    for run in (run for run in runs if isinstance(run, Started)):
        made = [board.graph.node(output.ref) for output in run.spec.outputs]
        for given in run.activation.inputs:
            found.setdefault(board.world.partitions[given].spec.ref, []).extend(made)
    return found


def report(turn: Turn, command: ReportPartition) -> Answer:
    """Take in that data from outside is there. The same digest again changes nothing."""
    elsewhere = no_such_environment(command.environment)
    if elsewhere is not None:
        return elsewhere
    maker = turn.board.recipes.maker(command.ref)
    if not isinstance(maker, External):
        return _not_external(turn, command.ref)
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


def _not_external(turn: Turn, ref: Ref) -> Refused:
    why = f"no [[external]] of the configuration covers {ref}"
    maker = turn.board.recipes.maker(ref)
    if maker is not None:
        hint = f"only data from outside is reported; what a job makes is wanted: wantd build {ref}"
        return Refused("not_external", f"{why}, job {maker.name} makes it", hint)
    nearest = turn.board.recipes.catalog.nearest(ref)
    hint = f"the nearest is {' or '.join(nearest)}" if nearest else "see what there is with: wantd job list"
    return Refused("not_external", why, hint)
