"""The head kept apart from the log, in ``<log>.head``: the witness against a log whose end was cut off.

It is written lazily, at checkpoints and at close, so it says what the log must hold *at least*. Written atomically: a
temporary file, synced, renamed, the folder synced. Never opened: the log file itself, because closing any descriptor
of it would drop the locks that SQLite holds on it in this process. Source: design section 6.
"""

import os
from pathlib import Path

import msgspec

from bel.entry import Head
from bel.errors import BadHeadFile

FORMAT = 1


class _Mark(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    format: int
    seq: int
    batch: int
    hash: str
    epoch: int


def head_file(log: Path) -> Path:
    """Name the head file of a log."""
    return log.with_name(log.name + ".head")


def read_head_file(log: Path) -> Head | None:
    """Give the head that was kept apart, None if there is none; raise BadHeadFile if it cannot be read."""
    path = head_file(log)
    try:
        mark = msgspec.json.decode(path.read_bytes(), type=_Mark)
        if mark.format != FORMAT:
            raise BadHeadFile(path, f"its format is {mark.format}, this program knows {FORMAT}")
        return Head(seq=mark.seq, batch=mark.batch, hash=bytes.fromhex(mark.hash), epoch=mark.epoch)
    except FileNotFoundError:
        return None
    except (msgspec.MsgspecError, ValueError, OSError) as error:
        raise BadHeadFile(path, str(error)) from error


def write_head_file(log: Path, head: Head) -> None:
    """Replace the head file, durably."""
    path = head_file(log)
    fresh = path.with_name(path.name + ".new")
    mark = _Mark(format=FORMAT, seq=head.seq, batch=head.batch, hash=head.hash.hex(), epoch=head.epoch)
    with fresh.open("wb") as file:
        file.write(msgspec.json.encode(mark) + b"\n")
        file.flush()
        os.fsync(file.fileno())
    fresh.replace(path)
    sync_folder(path.parent)


def sync_folder(folder: Path) -> None:
    """Make the names in a folder durable."""
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
