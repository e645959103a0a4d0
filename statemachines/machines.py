"""The machines as ``transitions`` sees them, built from the tables of edges.

Three jobs and no other: it draws the diagrams, it says what may happen to an entity in a state, and it is an
independent second opinion when a log is verified. It is not the runtime of the entities: a model costs 5 KB and a
trigger about 80 times what the fold costs. One probe per kind of entity is moved to the state in question instead.

Source: design section 4, last paragraph.
"""

from typing import Protocol, cast

from transitions import MachineError
from transitions.extensions import GraphMachine

from statemachines import jobrun, partition, want
from statemachines.edges import Edge
from statemachines.events import AnyEvent

NOTHING = "nothing"

ENTITIES: dict[str, tuple[Edge, ...]] = {"Want": want.EDGES, "Partition": partition.EDGES, "JobRun": jobrun.EDGES}


class _Probe(Protocol):
    state: str

    def trigger(self, event: str) -> bool: ...


class _Model:
    """What ``transitions`` hangs its state on."""


class SecondOpinion:
    """Walks the table of one kind of entity with an implementation that is not ours."""

    def __init__(self, edges: tuple[Edge, ...]) -> None:
        model = _Model()
        self._machine = _machine(edges, model)
        self._probe = cast(_Probe, model)

    def after(self, state: str, event: str) -> str | None:
        """The state that the event leads to, or None where it is not legal."""
        self._machine.set_state(state)
        try:
            self._probe.trigger(event)
        except MachineError:
            return None
        return self._probe.state

    def legal_events(self, state: str) -> tuple[str, ...]:
        """The events that may happen to an entity in this state."""
        return tuple(event for event in self._machine.get_triggers(state) if not event.startswith("to_"))


def second_opinions() -> dict[str, SecondOpinion]:
    """One second opinion per kind of entity, by the prefix of its events."""
    return {entity: SecondOpinion(edges) for entity, edges in ENTITIES.items()}


def entity_kind(event: AnyEvent) -> str:
    """Which kind of entity an event is about: ``Want``, ``Partition`` or ``JobRun``."""
    name = type(event).__name__
    return next(kind for kind in ENTITIES if name.startswith(kind))


def diagram(entity: str) -> str:
    """The machine of one kind of entity as a Mermaid state diagram."""
    model = _Model()
    _machine(ENTITIES[entity], model)
    return str(model.get_graph().source)  # type: ignore[attr-defined]  # hung onto the model by transitions


def _machine(edges: tuple[Edge, ...], model: _Model) -> GraphMachine:
    states = dict.fromkeys(_name(state) for edge in edges for state in (edge.source, edge.target))
    return GraphMachine(
        model=model,
        states=list(states),
        initial=NOTHING,
        transitions=[[edge.event.__name__, _name(edge.source), _name(edge.target)] for edge in edges],
        auto_transitions=False,
        graph_engine="mermaid",
    )


def _name(state: type | None) -> str:
    return NOTHING if state is None else state.__name__
