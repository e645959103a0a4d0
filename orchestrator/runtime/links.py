"""The links by which people find what is Live: drawn after each commit, and drawn again at a start.

A link is owed by the canonical map, not by the entry that changed it: ``redraw`` compares every link with the map, so
what a crash, a power failure or a full disk kept from being drawn is drawn at the next start. What the disk refuses
now is tried again with the next links. Runs in one thread at a time, as the store asks.

Source: design section 3 (law 6) and section 8 (the link tree).
"""

from collections.abc import Iterable
from pathlib import Path

from orchestrator.runtime.places import place_of
from orchestrator.store import PartitionStore
from statemachines.partition import Live, Partition
from statemachines.refs import Ref
from statemachines.world import World

Place = tuple[str, Ref, str]
"""The environment and the ref of a link, and where it is to point."""


class Links:
    """Draws links to what is Live."""

    def __init__(self, store: PartitionStore) -> None:
        self._store = store
        self._refused: dict[tuple[str, Ref], str] = {}
        self._drawn: set[tuple[str, Ref]] = set()

    def draw(self, places: Iterable[Place]) -> None:
        """Let each link point to its new place, and try those again that could not be drawn before."""
        due = self._refused | {(environment, ref): place for environment, ref, place in places}
        self._refused = {name: place for name, place in due.items() if not self._point(name, place)}
        self._drawn.update(due)

    def redraw(self, world: World, canonical: Iterable[Partition]) -> bool:
        """Mend the links to what was canonical at the start; what was drawn since is newer. False if that was none."""
        states = list(canonical)
        for state in states:
            place = link_to(self._store, world, state)
            if place is not None and place[:2] not in self._drawn and not self._points_to(place):
                self.draw([place])
        return bool(states)

    def _points_to(self, place: Place) -> bool:
        try:
            return self._store.published(place[0], place[1]) == Path(place[2])
        except OSError:
            return False

    def _point(self, name: tuple[str, Ref], place: str) -> bool:
        try:
            self._store.publish(*name, Path(place))
        except OSError:
            return False
        return True


def link_to(store: PartitionStore, world: World, state: Partition) -> Place | None:
    """The link that an instance owes, or None where it is not Live or has no bytes of ours."""
    if not isinstance(state, Live) or not state.content.files:
        return None
    return state.spec.environment, state.spec.ref, place_of(store, world, state)
