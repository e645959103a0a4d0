"""Why a ref is, or is not, there: a tree of reasons from the ref down to the roots, each with its evidence.

Not there: what stands in its way now, and behind that, what stands in the way of what it needs. There: which JobRun
made it, for what reason, from which inputs, for which want. The tree never is empty. It tells each ref once
(``as_above`` afterwards), at most CHILDREN_MAX reasons side by side, and leads to a root however deep it lies.

Source: design sections 1 and 10; complaint "why is my data not there".
"""

from collections.abc import Iterator
from typing import NamedTuple

from orchestrator.catalog import Job
from orchestrator.planning.board import Board
from orchestrator.planning.needs import NeedKind
from orchestrator.planning.node import Node
from orchestrator.views.codes import Code
from orchestrator.views.looking import needs_of, peek
from orchestrator.views.provenance import provenance
from orchestrator.views.reasons import absence, demand, holders, unfreshness
from orchestrator.views.shapes import Why, WhyNode
from orchestrator.views.situation import situation
from statemachines.refs import Ref

CHILDREN_MAX = 20
DEPTH_MAX = 40
NODES_MAX = 500
"""How many refs a tree tells at length."""

_WAITS = (Code.WAITING, Code.MISSED, Code.UPSTREAM_FAILED)
_UNWANTED = (Code.NOBODY_WANTS, Code.WANT_PAUSED, Code.WANT_CLOSED, Code.NOT_BUILT_FOR_ASKING)

_FAILING = (Code.NO_JOB_MAKES, Code.CYCLE, Code.BAD_INPUTS, Code.FAILED, Code.UPSTREAM_FAILED)
"""Why something that needs it is given up."""

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
        root=_Teller(board).tell(node, 0, node.opened),
    )


class _Need(NamedTuple):
    """Something that is needed, and since when it is wanted."""

    node: Node
    opened: int


class _Teller:
    """Tells one tree; remembers what it has told.

    ``opened`` is the seq since which a ref is wanted, by itself or for what lies above it in the tree: demand is not
    handed on through what is blocked, the reasons are.
    """

    def __init__(self, board: Board) -> None:
        self._board = board
        self._told: set[Ref] = set()

    def tell(self, node: Node, depth: int, opened: int) -> WhyNode:
        code, text, evidence = situation(self._board, node, opened)
        if node.ref in self._told:
            return WhyNode(Code.AS_ABOVE, f"see {node.ref} above ({code})", node.ref, evidence)
        self._told.add(node.ref)
        return WhyNode(code, text, node.ref, evidence, tuple(self._behind(node, code, depth, opened)))

    def _behind(self, node: Node, code: Code, depth: int, opened: int) -> Iterator[WhyNode]:
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
            yield from self._needs(node, code, depth, opened)
        yield from unfreshness(self._board, node)
        yield from demand(self._board, node)

    def _needs(self, node: Node, code: Code, depth: int, opened: int) -> Iterator[WhyNode]:
        needs = self._needs_behind(node, code, opened)
        if depth >= DEPTH_MAX or len(self._told) >= NODES_MAX:
            yield from self._straight_down(needs)
            return
        yield from (self.tell(need.node, depth + 1, need.opened) for need in needs[:CHILDREN_MAX])
        if len(needs) > CHILDREN_MAX:
            yield WhyNode(Code.MORE, f"and {len(needs) - CHILDREN_MAX} more refs that it needs", node.ref)

    def _straight_down(self, needs: list[_Need]) -> Iterator[WhyNode]:
        """The tree has grown large: go straight to one root."""
        steps, seen = 0, set[Ref]()
        while left := [need for need in needs if need.node.ref not in seen]:
            node, opened = left[0]
            steps += 1
            seen.add(node.ref)
            code, text, evidence = situation(self._board, node, opened)
            needs = self._needs_behind(node, code, opened) if code in _WAITS else []
            if not any(need.node.ref not in seen for need in needs):
                root = WhyNode(code, text, node.ref, evidence)
                yield WhyNode(Code.MORE, f"and so on, {steps} steps down to {node.ref}", node.ref, evidence, (root,))

    def _needs_behind(self, node: Node, code: Code, opened: int) -> list[_Need]:
        """What it needs and is not there, the most urgent first; of what was given up, only why it was given up."""
        needs = self._open_needs(node, opened)
        if code is not Code.UPSTREAM_FAILED:
            return needs
        return [need for need in needs if situation(self._board, need.node, need.opened).code in _FAILING]

    def _open_needs(self, node: Node, opened: int) -> list[_Need]:
        """What it needs and is not there, the most urgent first."""
        needs = [
            _Need(need, _wanted_since(need, kind, opened))
            for ref, kind in needs_of(self._board, node).items()
            if not (need := peek(self._board, ref)).done
        ]
        return sorted(needs, key=self._urgency)

    def _urgency(self, need: _Need) -> int:
        code = situation(self._board, need.node, need.opened).code
        return _URGENCY.index(code) if code in _URGENCY else len(_URGENCY)


def _wanted_since(need: Node, kind: NeedKind, opened: int) -> int:
    """Since when a need is wanted, for whom it is told: what failed since then has failed, whoever tries it again."""
    if need.blocked > opened:
        return opened
    return need.opened or (0 if kind == "query" else opened)
