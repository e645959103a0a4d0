"""Deliberate defects: each breaks one law in the way in which somebody might, and has to be caught by a test.

The tables are in ``tables/``, by what is broken. A text that a defect replaces must be there exactly once, so that a
defect whose place has moved is noticed and not skipped.
"""

import ast
from pathlib import Path
from typing import NamedTuple


class Edit(NamedTuple):
    """A text of one file, and what stands in its place."""

    path: str
    before: str
    after: str

    def applied(self, folder: Path) -> str:
        """Give the file with the edit in it. Raises Misplaced."""
        source = (folder / self.path).read_text()
        found = source.count(self.before)
        if found != 1:
            raise Misplaced(f"{self.path} holds {found} times, not once:\n{self.before}")
        patched = source.replace(self.before, self.after)
        try:
            ast.parse(patched)
        except SyntaxError as error:
            raise Misplaced(f"{self.path} is no Python any more with:\n{self.after}") from error
        return patched


class Defect(NamedTuple):
    """One defect: what it does, the law that it breaks, the edit, and the tests that have to notice."""

    title: str
    law: str
    edit: Edit
    tests: tuple[str, ...]


class Misplaced(Exception):
    """A defect cannot be planted: what it replaces has moved or changed. Look at the code and correct the table."""
