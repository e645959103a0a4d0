"""The partition store in a folder: ``<store>/<ref>/@<instance>``, and the link tree in ``<store>/current``.

Invariants: folders are private to their owner; nothing outside the store's folder is written or deleted; the bytes of
a sealed instance are read-only. Names are made in ``paths``, which also says why they cannot clash.

Source: design section 8.
"""

import ctypes
import os
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import cast

from orchestrator.store.links import LinkTree
from orchestrator.store.paths import LINK_TREE, component, instance_path, instance_place, ref_path
from orchestrator.store.port import Absent, BadOutput, Sealed
from orchestrator.store.seal import seal_output
from orchestrator.store.trees import make_folders, remove_tree
from statemachines.refs import Ref


class DiskStore:
    """A store in a folder of its own, which is made when it does not exist."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder.absolute()
        make_folders(self._folder)
        make_folders(self._folder / LINK_TREE)
        self._links = LinkTree(self._folder / LINK_TREE)

    def location(self, ref: Ref, instance: str) -> Path:
        return self._folder / instance_path(ref, instance)

    def prepare(self, locations: Iterable[Path]) -> None:
        for parent in dict.fromkeys(location.parent for location in locations):
            make_folders(parent)

    def seal(self, location: Path) -> Sealed | Absent | BadOutput:
        return seal_output(location)

    def sync(self) -> None:
        sync_file_system(self._folder)

    def publish(self, environment: str, ref: Ref, location: Path) -> None:
        self._links.point(_link_name(environment, ref), location)

    def unpublish(self, environment: str, ref: Ref) -> None:
        self._links.take_away(_link_name(environment, ref))

    def published(self, environment: str, ref: Ref) -> Path | None:
        return self._links.target(_link_name(environment, ref))

    def remove(self, location: Path) -> None:
        remove_tree(instance_place(self._folder, location))


def _link_name(environment: str, ref: Ref) -> str:
    return f"{component(environment)}/{ref_path(ref)}"


def sync_file_system(folder: Path) -> None:
    """Make everything written to the file system of a folder durable, with one call."""
    syncfs = _syncfs()
    if syncfs is None:
        os.sync()
        return
    handle = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        if syncfs(handle) != 0:
            number = ctypes.get_errno()
            raise OSError(number, os.strerror(number), str(folder))
    finally:
        os.close(handle)


def _syncfs() -> Callable[[int], int] | None:
    library = ctypes.CDLL(None, use_errno=True)
    return cast("Callable[[int], int] | None", getattr(library, "syncfs", None))
