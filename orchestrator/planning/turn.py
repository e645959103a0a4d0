"""A turn: facts that follow from what came in, one after the other, each seen by the next.

The world of a turn runs ahead of the log, so that everything that follows without acting shares one commit. A turn
is plain memory: recording a fact does nothing but apply it.
"""

from collections.abc import Mapping
from types import MappingProxyType
from typing import NamedTuple

from orchestrator.planning.board import Board
from statemachines.events import AnyEvent
from statemachines.ids import Ids, Timestamp


class Fact(NamedTuple):
    """An event with its place: its seq, the seq that led to it, the want it belongs to, and who did it."""

    seq: int
    event: AnyEvent
    cause: int
    correlation: str
    actor: str


NONE_AHEAD: Mapping[str, int] = MappingProxyType({})
LOOP = "loop"
"""The actor of what the daemon does by itself."""


class Turn:
    """Records facts on a board, at one moment.

    ``ahead`` says for pools how many slots' worth of JobRuns may be launched beyond their size, to wait in line where
    they run.
    """

    def __init__(self, board: Board, now: Timestamp, ids: Ids, ahead: Mapping[str, int] = NONE_AHEAD) -> None:
        self.board = board
        self.now = now
        self.ids = ids
        self.ahead = ahead
        self.facts: list[Fact] = []

    def record(self, event: AnyEvent, *, cause: int = 0, want: str = "", actor: str = LOOP) -> int:
        """Apply an event; return its seq. ``want`` is what it is correlated with."""
        seq = self.board.world.seq + 1
        self.board.apply(event, seq)
        self.facts.append(Fact(seq, event, cause, want, actor))
        return seq
