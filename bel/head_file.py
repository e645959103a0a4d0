"""The head kept apart from the log, in ``<log>.head``: the witness against a log whose end was cut off.

It says what the log must hold *at least*. It is noted after every commit, in place and without waiting for the disk:
so a WAL that was deleted or damaged after a kill is seen, where SQLite would end the log earlier without a word. At
checkpoints and at close it is written durably: a temporary file, synced, renamed, the folder synced. Never opened: the
log file itself, because closing any descriptor of it would drop the locks that SQLite holds on it in this process.
Source: design section 6.
"""

import os
from pathlib import Path

import msgspec

from bel.entry import Head
from bel.errors import BadHeadFile

FORMAT = 1

_BYTES = 256
"""Every mark is this long, so that one can be written over another; and no sector boundary cuts it."""


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
        mark = msgspec.json.decode(_read(path), type=_Mark)
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
    with fresh.open("wb") as file:
        file.write(_text(head))
        file.flush()
        os.fsync(file.fileno())
    fresh.replace(path)
    sync_folder(path.parent)


def note_head(log: Path, head: Head) -> None:
    """Bring the head file up to a commit without waiting for the disk; the first one is written durably."""
    try:
        descriptor = os.open(head_file(log), os.O_WRONLY | os.O_CLOEXEC)
    except FileNotFoundError:
        write_head_file(log, head)
        return
    try:
        os.pwrite(descriptor, _text(head), 0)
    finally:
        os.close(descriptor)


def sync_folder(folder: Path) -> None:
    """Make the names in a folder durable."""
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _text(head: Head) -> bytes:
    mark = _Mark(format=FORMAT, seq=head.seq, batch=head.batch, hash=head.hash.hex(), epoch=head.epoch)
    return msgspec.json.encode(mark).ljust(_BYTES - 1) + b"\n"


def _read(path: Path) -> bytes:
    # A daemon may be writing over it: what two looks agree on is whole.
    text = path.read_bytes()
    while (again := path.read_bytes()) != text:
        text = again
    return text
