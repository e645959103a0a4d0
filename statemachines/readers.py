"""Who was made from an instance: the way down that only readers know.

Made when somebody first asks, and kept from then on, as ``order`` is. Size: 8 bytes for each time an instance was read,
and some 150 for each that was read at all.
"""

from collections.abc import Callable, Sequence
from itertools import islice

from statemachines.ids import InstanceId


class Readers:
    """For each instance those that read it. ``changed`` became Live and have still to be caught up with."""

    def __init__(self, changed: dict[InstanceId, None]) -> None:
        """Begin with nothing but what is ``changed``."""
        self.changed = changed
        self._readers: dict[InstanceId, list[InstanceId]] = {}

    def catch_up(self, instances_max: int, reads_of: Callable[[InstanceId], Sequence[InstanceId]]) -> bool:
        """Take in so many of the instances that became Live; whether that was all."""
        if not self.changed:  # nearly always: who walks a graph asks at each of its nodes
            return True
        for instance in tuple(islice(reversed(self.changed), instances_max)):
            del self.changed[instance]
            for read in reads_of(instance):
                self._readers.setdefault(read, []).append(instance)
        return not self.changed

    def of(self, instance: InstanceId) -> Sequence[InstanceId]:
        """Who read an instance."""
        return self._readers.get(instance, ())
