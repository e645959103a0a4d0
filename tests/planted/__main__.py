"""Plant each defect in a copy of the project, and see which test notices: ``python -m tests.planted [WORDS]``.

With words only the defects whose titles hold all of them. First the tests named by the defects run where nothing is
broken: one that fails there counts for nothing. Then each defect is planted alone; the tests it names run, and if none
of them fails, all that `make test` runs. Prints a table; ends with 1 if a defect was not caught.
"""

import signal
import sys
import tempfile
from pathlib import Path

from tests.planted.all_defects import ALL
from tests.planted.defects import Defect
from tests.planted.planting import Caught, plant, unsound
from tests.planted.tree import Tree

_MEMORY = Path("/dev/shm")
"""Where there is a file system in memory, syncing costs nothing."""


def main(words: list[str]) -> int:
    """Plant what was asked for, and say how many were not caught."""
    chosen = [defect for defect in ALL if all(word in defect.title for word in words)]
    with tempfile.TemporaryDirectory(dir=_MEMORY if _MEMORY.is_dir() else None, ignore_cleanup_errors=True) as folder:
        tree = Tree.copy(Path(folder) / "tree")
        broken = unsound(tree, chosen)
        print("".join(f"fails where nothing is broken, and counts for nothing: {test}\n" for test in broken))
        print("| defect | law | caught by | s |\n|---|---|---|---|", flush=True)
        missed = [defect for defect in chosen if not _told(defect, plant(tree, defect, broken))]
    print(f"\n{len(chosen) - len(missed)} of {len(chosen)} caught")
    return len(missed) > 0


def _told(defect: Defect, caught: Caught) -> bool:
    by = f"`{caught.by}`" if caught.by else "**nothing**"
    print(f"| {defect.title} | {defect.law} | {by} | {caught.seconds:.0f} |", flush=True)
    return bool(caught.by)


if __name__ == "__main__":
    signal.signal(signal.SIGTERM, signal.default_int_handler)  # takes the copy away
    sys.exit(main(sys.argv[1:]))
