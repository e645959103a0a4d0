"""Where partitions live: a place for each instance, its seal, and the link tree for people.

``port`` says what a store does, ``disk`` does it in a folder, ``memory`` does it for simulations. Both keep to the
names of ``paths`` and the digests of ``digest``.
"""

from orchestrator.store.disk import DiskStore
from orchestrator.store.memory import MemoryStore
from orchestrator.store.port import Absent, BadOutput, PartitionStore, Sealed

__all__ = ["Absent", "BadOutput", "DiskStore", "MemoryStore", "PartitionStore", "Sealed"]
