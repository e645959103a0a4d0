"""Make and delete folders.

Deleting takes any tree, also one so deep that its paths are too long to name or one that its owner may not write to;
it follows no symbolic link, and when it is interrupted, what is left is still below the same root.

Source: design section 8 (collection).
"""

import os
import stat
from pathlib import Path

_MOVED_UP = ".%moved-{}"


def make_folders(folder: Path) -> None:
    """Make a folder and those above it, each private to its owner."""
    try:
        folder.mkdir(mode=0o700)
    except FileExistsError:
        if not folder.is_dir():
            raise
    except FileNotFoundError:
        make_folders(folder.parent)
        make_folders(folder)


def remove_tree(root: Path) -> None:
    """Delete a file, a link or a folder with all that is in it; nothing there is fine."""
    try:
        mode = root.lstat().st_mode
    except FileNotFoundError:
        return
    if not stat.S_ISDIR(mode):
        root.unlink()
        return
    while folders := _empty_out(root):
        for number, folder in enumerate(folders):
            _lift_folders(folder, root, number)
            folder.rmdir()
    root.rmdir()


def _empty_out(folder: Path) -> list[Path]:
    """Delete what is no folder, and list what is one."""
    folder.chmod(0o700)
    folders: list[Path] = []
    with os.scandir(folder) as inside:
        for item in inside:
            if item.is_dir(follow_symlinks=False):
                folders.append(folder / item.name)
            else:
                os.unlink(item.path)  # noqa: PTH108 - one Path an entry would double the cost
    return folders


def _lift_folders(folder: Path, root: Path, number: int) -> None:
    """Move the folders inside a folder up to the root, so that no path grows long."""
    for count, inner in enumerate(_empty_out(folder)):
        inner.chmod(0o700)
        inner.rename(_free_name(root, f"{number}-{count}"))


def _free_name(root: Path, mark: str) -> Path:
    name = root / _MOVED_UP.format(mark)
    while os.path.lexists(name):
        name = root / f"{name.name}+"
    return name
