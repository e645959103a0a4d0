"""The law as data: which event leads from which state to which.

Each entity has a literal table of edges. The fold is held against it cell by cell in the tests, the diagrams are
drawn from it, and the second opinion in ``machines`` is built from it. ``None`` as a source means "not there yet".
"""

from typing import NamedTuple


class Edge(NamedTuple):
    """One legal step of an entity."""

    source: type | None
    event: type
    target: type


def fan_in(sources: tuple[type, ...], event: type, target: type) -> tuple[Edge, ...]:
    """The edges by which one event leads from several states into one."""
    return tuple(Edge(source, event, target) for source in sources)


class IllegalTransition(Exception):
    """An event met a state in which it is not legal: the log was damaged, or the code that wrote it was wrong."""

    code = "illegal_transition"

    def __init__(self, state: object, event: object) -> None:
        self.state_name = "nothing" if state is None else type(state).__name__
        self.event_name = type(event).__name__
        entity = getattr(event, "id", "?")
        super().__init__(f"{self.event_name} is not legal for {entity}, which is {self.state_name}")
