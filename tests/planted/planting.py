"""Plants one defect in a copy of the project and finds the test that notices it."""

import re
import time
from collections.abc import Iterable
from typing import NamedTuple

from tests.planted.defects import Defect
from tests.planted.running import MARK
from tests.planted.tree import Ended, Tree

NAMED_S, ALL_S, SOUND_S = 300, 1_800, 1_800
"""How long the named tests of a defect, all tests, and the named tests of all defects may take."""
_HANG_S = 60

_FAILED = re.compile(rf"^{MARK}(.+)$", re.MULTILINE)


class Caught(NamedTuple):
    """Who noticed a defect, empty for nobody, and after how long."""

    by: str
    seconds: float


class NotRun(Exception):
    """pytest found no such test, or none at all; the message is what it said."""


def unsound(tree: Tree, defects: Iterable[Defect]) -> list[str]:
    """Run the named tests where nothing is broken; give those that fail, which can notice nothing."""
    named = list(dict.fromkeys(test for defect in defects for test in defect.tests))
    return failures(tree.pytest(["--maxfail=1000", *named], SOUND_S))


def plant(tree: Tree, defect: Defect, unsound: Iterable[str] = ()) -> Caught:
    """Run the tests of a defect with it in the copy, and all tests if these do not notice."""
    began = time.monotonic()
    by = _first_with(tree, defect, defect.tests, unsound, NAMED_S)
    known = list(unsound)
    while not by and (found := _first_with(tree, defect, ["tests"], known, ALL_S)):
        # Among all tests may be one that needs more than the copy has.
        by = "" if failures(tree.pytest([found], NAMED_S)) else found
        known.append(found)
    return Caught(by, time.monotonic() - began)


def _first_with(tree: Tree, defect: Defect, tests: Iterable[str], without: Iterable[str], limit_s: float) -> str:
    options = [f"--timeout={_HANG_S}", *(f"--deselect={test}" for test in without)]
    with tree.holding(defect.edit.path, defect.edit.applied(tree.folder)):
        return first_failure(tree.pytest([*options, *tests], limit_s))


def first_failure(ended: Ended) -> str:
    """Name what failed first; empty where all passed. Raises NotRun."""
    found = failures(ended)
    return found[0] if found else ""


def failures(ended: Ended) -> list[str]:
    """Name what failed. Raises NotRun."""
    if ended.code == 0:
        return []
    if ended.code in {4, 5}:
        raise NotRun(ended.said[-2000:])
    return _FAILED.findall(ended.said) or ["no test comes to an end" if ended.code is None else "no test can run"]
