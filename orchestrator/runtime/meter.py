"""The meter as a port: whoever counts and times what the loop does. Nothing depends on what it makes of it."""

from collections.abc import Sequence
from typing import Protocol

from orchestrator.planning.turn import Fact
from statemachines.world import World


class Meter(Protocol):
    """Told by the loop what it did. Answers at once and never raises."""

    def began(self, world: World, /) -> None:
        """The engine goes on from this world."""
        ...

    def restored(self, seconds: float, /) -> None:
        """The world was read back from the log, and the board made from it."""
        ...

    def kept_snapshot(self, seconds: float, /) -> None:
        """A snapshot was made."""
        ...

    def clock_set(self, by_us: int, /) -> None:
        """The wall clock was seen to have been set, back where ``by_us`` is negative."""
        ...

    def committed(self, events: int, seconds: float, /) -> None:
        """A batch became durable, its outputs included."""
        ...

    def turned(self, facts: Sequence[Fact], world: World, seconds: float, /) -> None:
        """A turn is over, and what it recorded is durable."""
        ...


class _Unmetered:
    """Nobody counts."""

    def began(self, _world: World, /) -> None: ...

    def restored(self, _seconds: float, /) -> None: ...

    def kept_snapshot(self, _seconds: float, /) -> None: ...

    def clock_set(self, _by_us: int, /) -> None: ...

    def committed(self, _events: int, _seconds: float, /) -> None: ...

    def turned(self, _facts: Sequence[Fact], _world: World, _seconds: float, /) -> None: ...


UNMETERED: Meter = _Unmetered()
