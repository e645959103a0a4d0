"""The partition store as the daemon sees it.

The life of an output: ``location`` names its place, ``prepare`` makes the folders above it, the job writes, ``seal``
says what is there, ``sync`` makes everything sealed survive a power failure, ``publish`` lets people find it,
``remove`` takes it away. A location belongs to one instance and is never written twice.

``seal`` may run in several threads at once; everything else has one caller at a time. Every method may be repeated:
after a crash the daemon does again what it is not sure to have done.

Source: design sections 3 (law 8) and 8.
"""

from collections.abc import Iterable
from pathlib import Path
from typing import Protocol

import msgspec

from statemachines.refs import Ref


class Sealed(msgspec.Struct, frozen=True, tag=True):
    """A complete output: the digest of its content (equal content, equal digest, on any machine) and its extent."""

    digest: str
    size_bytes: int
    files: int


class Absent(msgspec.Struct, frozen=True, tag=True):
    """The job left nothing at the location."""


class BadOutput(msgspec.Struct, frozen=True, tag=True):
    """The job left something that cannot be kept; ``reason`` names the file and what the job has to change."""

    reason: str


class PartitionStore(Protocol):
    """Keeps the bytes of partition instances."""

    def location(self, ref: Ref, instance: str) -> Path:
        """Name the place of an instance. Pure: the same place for ever, and no other instance has it."""
        ...

    def prepare(self, locations: Iterable[Path]) -> None:
        """Make the folders in which jobs will create their outputs."""
        ...

    def seal(self, location: Path) -> Sealed | Absent | BadOutput:
        """Look at what a job left, and protect it against later changes. Costs one reading of every byte."""
        ...

    def sync(self) -> None:
        """Make everything sealed so far durable, in one go. Raises OSError when the disk refuses: then nothing is."""
        ...

    def publish(self, environment: str, ref: Ref, location: Path) -> None:
        """Let the link of a ref in an environment point to an instance, in one step for whoever looks."""
        ...

    def unpublish(self, environment: str, ref: Ref) -> None:
        """Take the link of a ref away, if there is one."""
        ...

    def published(self, environment: str, ref: Ref) -> Path | None:
        """Say where the link of a ref points."""
        ...

    def remove(self, location: Path) -> None:
        """Delete the bytes of an instance, if there are any. Raises ValueError for a path that no instance has."""
        ...
