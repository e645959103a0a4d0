"""What every script here is told, and how it answers: ``python with_NAME.py GRAPH``, in an empty folder.

GRAPH is a JSON list that says for each task, by its number, which tasks it needs; these have lower numbers. For
each phase a line is printed: MARK and JSON with ``phase`` and ``seconds``. Runs on the standard library alone, in the
environment of any peer.
"""

import json
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

MARK = "@@"


def needs() -> list[list[int]]:
    """Which tasks each task needs."""
    return json.loads(Path(sys.argv[1]).read_text())


def last(graph: list[list[int]]) -> list[int]:
    """The tasks that no other needs: who asks for these gets all."""
    needed = {need for task in graph for need in task}
    return [task for task in range(len(graph)) if task not in needed]


@contextmanager
def timed(phase: str) -> Iterator[None]:
    """Time a phase, ``build`` or ``again``, and tell it; not where it fails."""
    before = time.perf_counter()
    yield
    print(MARK + json.dumps({"phase": phase, "seconds": time.perf_counter() - before}), flush=True)
