"""Why a ref is, or is not, there: a tree of reasons from the ref down to the roots, each with its evidence.

Not there: what stands in its way now, and behind that, what stands in the way of what it needs. There: which JobRun
made it, for what reason, from which inputs, for which want. The tree never is empty. It tells each ref once
(``as_above`` afterwards), at most CHILDREN_MAX reasons side by side, and leads to a root however deep it lies.

Source: design sections 1 and 10; complaint "why is my data not there".
"""

from collections.abc import Iterator

from orchestrator.catalog import Job
from orchestrator.planning.board import Board
from orchestrator.planning.node import Node
from orchestrator.views.codes import Code
from orchestrator.views.looking import needs_of, peek
from orchestrator.views.reasons import absence, demand, holders, provenance, unfreshness
from orchestrator.views.shapes import Why, WhyNode
from orchestrator.views.situation import Situation, situation
from statemachines.refs import Ref

CHILDREN_MAX = 20
DEPTH_MAX = 40
NODES_MAX = 500
"""How many refs a tree tells at length."""

_WAITS = (Code.WAITING, Code.MISSED, Code.UPSTREAM_FAILED)
_UNWANTED = (Code.NOBODY_WANTS, Code.WANT_PAUSED, Code.WANT_CLOSED, Code.NOT_BUILT_FOR_ASKING)

_URGENCY = (
    Code.NO_JOB_MAKES,
    Code.CYCLE,
    Code.BAD_INPUTS,
    Code.FAILED,
    Code.UPSTREAM_FAILED,
    Code.EXTERNAL_AWAITED,
    Code.NOT_BUILT_FOR_ASKING,
    Code.BACKOFF,
    Code.CANCELING,
    Code.RUNNING,
    Code.LAUNCHING,
    Code.QUEUED,
    Code.BATCH_OPEN,
    Code.CONFIGURING,
)
"""Of many reasons side by side, those come first that somebody may have to do something about."""


def why(board: Board, ref: Ref) -> Why:
    """Why a ref is, or is not, there."""
    node = peek(board, ref)
    return Why(
        ref=ref,
        environment=board.graph.environment,
        done=node.done,
        state="Absent" if node.newest is None else type(node.newest).__name__,
        seq=board.world.seq,
        root=_Teller(board).tell(node, 0),
    )


class _Teller:
    """Tells one tree; remembers what it has told."""

    def __init__(self, board: Board) -> None:
        self._board = board
        self._told: set[Ref] = set()

    def tell(self, node: Node, depth: int) -> WhyNode:
        code, text, evidence = self._situation(node)
        if node.ref in self._told:
            return WhyNode(Code.AS_ABOVE, f"see {node.ref} above ({code})", node.ref, evidence)
        self._told.add(node.ref)
        return WhyNode(code, text, node.ref, evidence, tuple(self._behind(node, code, depth)))

    def _behind(self, node: Node, code: Code, depth: int) -> Iterator[WhyNode]:
        if node.done:
            yield from provenance(self._board, node)
            return
        if code is Code.NO_JOB_MAKES:
            nearest = self._board.recipes.catalog.nearest(node.ref)
            yield from (WhyNode(Code.NEAREST, f"the nearest pattern is {text}", node.ref) for text in nearest)
        if code in _UNWANTED:
            yield from absence(self._board, node)
        if code is Code.QUEUED and isinstance(node.maker, Job):
            yield holders(self._board, node, node.maker)
        if code in _WAITS:
            yield from self._needs(node, depth)
        yield from unfreshness(self._board, node)
        yield from demand(self._board, node)

    def _needs(self, node: Node, depth: int) -> Iterator[WhyNode]:
        nodes = [peek(self._board, ref) for ref in needs_of(self._board, node)]
        open_needs = sorted((need for need in nodes if not need.done), key=self._urgency)
        if depth >= DEPTH_MAX or len(self._told) >= NODES_MAX:
            yield from self._straight_down(node, open_needs)
            return
        yield from (self.tell(need, depth + 1) for need in open_needs[:CHILDREN_MAX])
        if len(open_needs) > CHILDREN_MAX:
            text = f"and {len(open_needs) - CHILDREN_MAX} more refs that it needs"
            yield WhyNode(Code.MORE, text, node.ref)

    def _straight_down(self, node: Node, open_needs: list[Node]) -> Iterator[WhyNode]:
        """The tree has grown large: go straight to one root."""
        steps, seen = 0, {node}
        while open_needs and self._situation(node).code in _WAITS:
            node = open_needs[0]
            steps += 1
            seen.add(node)
            nodes = (peek(self._board, ref) for ref in needs_of(self._board, node))
            open_needs = sorted((need for need in nodes if not need.done and need not in seen), key=self._urgency)
        if steps:
            code, text, evidence = self._situation(node)
            root = WhyNode(code, text, node.ref, evidence)
            yield WhyNode(Code.MORE, f"and so on, {steps} steps down to {node.ref}", node.ref, evidence, (root,))

    def _situation(self, node: Node) -> Situation:
        return situation(self._board, node, node.opened)

    def _urgency(self, node: Node) -> int:
        code = self._situation(node).code
        return _URGENCY.index(code) if code in _URGENCY else len(_URGENCY)
