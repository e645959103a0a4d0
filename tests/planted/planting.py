"""Plants one defect in a copy of the project and finds the test that notices it."""

import re
import time
from collections.abc import Iterable, Sequence
from typing import NamedTuple

from tests.planted.defects import Defect
from tests.planted.tree import Ended, Tree

NAMED_S, ALL_S, SOUND_S = 300, 1_800, 1_800
"""How long the named tests of a defect, all tests, and the named tests of all defects may take."""
_HANG_S = 60

_FAILED = re.compile(r"^(?:FAILED|ERROR) (.+?)(?: - .*)?$", re.MULTILINE)


class Caught(NamedTuple):
    """Who noticed a defect, empty for nobody, and after how long."""

    by: str
    seconds: float


def holds(tree: Tree, defects: Iterable[Defect]) -> str:
    """Run the named tests where nothing is broken; give what pytest says if they do not hold."""
    named = list(dict.fromkeys(test for defect in defects for test in defect.tests))
    ended = tree.pytest(named, SOUND_S)
    return "" if ended.code == 0 else ended.said


def plant(tree: Tree, defect: Defect) -> Caught:
    """Run the tests of a defect with it in the copy, and all tests if these do not notice."""
    began = time.monotonic()
    with tree.holding(defect.edit.path, defect.edit.applied(tree.folder)):
        by = _noticed(tree, defect.tests, NAMED_S) or _noticed(tree, ["tests"], ALL_S)
    return Caught(by, time.monotonic() - began)


def _noticed(tree: Tree, tests: Sequence[str], limit_s: float) -> str:
    return name_of(tree.pytest([f"--timeout={_HANG_S}", *tests], limit_s))


def name_of(ended: Ended) -> str:
    """Name the test that failed; empty where all passed."""
    if ended.code == 0:
        return ""
    if ended.code is None:
        return "it runs for ever"
    found = _FAILED.search(ended.said)
    if found is None and ended.code not in {2, 3}:
        raise AssertionError(f"pytest ended with {ended.code}:\n{ended.said[-2000:]}")
    return found[1] if found else "it cannot be imported"
