"""The link tree: plain paths for people and tools, ``<store>/current/<environment>/<ref>``.

A link stands at the path of its ref. Where other refs go on below that path, a folder has to stand there instead, and
the link is called ``@`` inside it: with ``a`` and ``a/b`` both published, ``a/@`` and ``a/b``. A link that has to move
into such a folder is absent for an instant; every other change is one rename. Links are relative, so the store can be
moved as a whole.

The tree is a convenience: nothing in it needs to survive a power failure, since publishing again repairs it.

Source: design section 8.
"""

import os
import stat
from pathlib import Path

from orchestrator.store.paths import INSTANCE_MARK

FOLDERS_REMEMBERED = 1_000


class LinkTree:
    """Symbolic links below one folder."""

    def __init__(self, root: Path) -> None:
        self._root = root
        self._opened: set[Path] = set()
        """Folders that were seen to be folders, up to the root, and that nobody but this tree takes away."""

    def point(self, name: str, target: Path) -> None:
        """Let the link of a name (a relative path) point to an absolute path."""
        place = self._root / name
        if place.parent not in self._opened or not _put_first_link(place, target):
            self._open_up(place.parent)
            _put_link(self._place(name), target)
            self._remember(place.parent)

    def take_away(self, name: str) -> None:
        """Delete the link of a name, and the folders that become empty."""
        place = self._place(name)
        if not place.is_symlink():
            return
        self._opened.clear()
        place.unlink()
        folder = place.parent
        while folder != self._root and not any(folder.iterdir()):
            folder.rmdir()
            folder = folder.parent

    def target(self, name: str) -> Path | None:
        """Say where the link of a name points."""
        place = self._place(name)
        return Path(os.path.normpath(place.parent / place.readlink())) if place.is_symlink() else None

    def _remember(self, folder: Path) -> None:
        if len(self._opened) >= FOLDERS_REMEMBERED:
            self._opened.clear()
        self._opened.add(folder)

    def _place(self, name: str) -> Path:
        place = self._root / name
        return place / INSTANCE_MARK if _is_folder(place) else place

    def _open_up(self, folder: Path) -> None:
        if _is_folder(folder):
            if folder != self._root:
                self._open_up(folder.parent)
            return
        self._open_up(folder.parent)
        if folder.is_symlink():
            _turn_into_folder(folder)
        else:
            folder.mkdir(mode=0o700)


def _is_folder(path: Path) -> bool:
    try:
        return stat.S_ISDIR(path.lstat().st_mode)
    except FileNotFoundError:
        return False


def _put_first_link(place: Path, target: Path) -> bool:
    """Put a link where nothing is; False where that cannot be done, for whatever reason."""
    try:
        place.symlink_to(os.path.relpath(target, place.parent))
    except OSError:
        return False
    return True


def _put_link(place: Path, target: Path) -> None:
    fresh = place.with_name(f".{place.name}")
    fresh.unlink(missing_ok=True)
    fresh.symlink_to(os.path.relpath(target, place.parent))
    fresh.replace(place)


def _turn_into_folder(link: Path) -> None:
    target = Path(os.path.normpath(link.parent / link.readlink()))
    fresh = link.with_name(f".{link.name}%")
    fresh.mkdir(mode=0o700, exist_ok=True)
    moved = fresh / INSTANCE_MARK
    moved.unlink(missing_ok=True)
    moved.symlink_to(os.path.relpath(target, link))
    link.unlink()
    fresh.rename(link)
