"""How far somebody has been told: a small file for each outlet, replaced as a whole and synced.

It may lag behind what was told: after a kill, that is told again. ``since`` lies before ``done`` where a sink has to
see older entries to know what the next ones mean. To be told the past again is asked for with a second file beside it,
so that it works whether a daemon runs or not.

Source: design section 3 (law 5: what is lost costs a repetition, never correctness).
"""

import os
from pathlib import Path
from threading import Lock

import msgspec

from bel.head_file import sync_folder

FORMAT = 1


class Cursor(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """All entries up to ``done``, the end of a batch, were told; the sink's memory begins behind ``since``."""

    done: int
    since: int
    trouble: str = ""
    """Why it does not go on, as of when this was written; empty where all is well."""
    format: int = FORMAT


class BadCursor(Exception):
    """A cursor that cannot be read. The message says what to do."""


class CursorFile:
    """The cursor of one outlet. Its name is a safe name of a file."""

    def __init__(self, folder: Path, name: str) -> None:
        self._path = folder / f"{name}.json"
        self._asked = folder / f"{name}.again"
        self._saving = Lock()

    def load(self) -> Cursor | None:
        """What was saved last, None where nothing ever was. Raises BadCursor."""
        try:
            cursor = msgspec.json.decode(self._path.read_bytes(), type=Cursor)
        except FileNotFoundError:
            return None
        except (OSError, msgspec.MsgspecError) as error:
            raise BadCursor(
                f"{self._path} cannot be read ({error}); say where to go on: wantd outward resend"
            ) from error
        if cursor.format != FORMAT or not 0 <= cursor.since <= cursor.done:
            raise BadCursor(f"{self._path} makes no sense here; say where to go on: wantd outward resend")
        return cursor

    def save(self, cursor: Cursor) -> None:
        """Keep it, durably. Blocks. Raises OSError."""
        with self._saving:  # a task that was canceled leaves a thread behind that may still be at it
            _replace(self._path, msgspec.json.encode(cursor))

    def ask_again(self, seq: int) -> None:
        """Ask for everything from an entry on to be told once more. Blocks. Raises OSError."""
        _replace(self._asked, b"%d" % seq)

    def asked_again(self) -> int | None:
        """From which entry on everything is to be told once more, if somebody asked."""
        try:
            return max(1, int(self._asked.read_bytes()[:20]))
        except (OSError, ValueError):
            return None

    def heard(self) -> None:
        """What was asked for is in the cursor."""
        self._asked.unlink(missing_ok=True)


def _replace(path: Path, content: bytes) -> None:
    path.parent.mkdir(mode=0o700, exist_ok=True)
    fresh = path.with_name(f"{path.name}.new")
    with fresh.open("wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
    fresh.replace(path)
    sync_folder(path.parent)
