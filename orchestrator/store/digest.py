"""The digest of an output: a SHA-256 over a canonical form, the same on any machine and in any store.

A file is its bytes. A folder is the sorted list of everything below it: relative name, kind, and for a file its
executable bit and digest, for a symbolic link its target. Times, owners and other modes do not count. The forms begin
differently, so a file never equals a folder, whatever is in it.

Pure: how the content is found is not known here.

Source: design section 8 (reuse by trace, early cut-off).
"""

import hashlib
from collections.abc import Iterable
from typing import NamedTuple

_FILE = b"wantd file 1\n"
_FOLDER = b"wantd folder 1\n"


class Entry(NamedTuple):
    """One thing in a folder. Sorting entries sorts them by name, byte by byte."""

    name: bytes
    kind: bytes
    content: bytes


def file_entry(name: bytes, digest: bytes, *, executable: bool) -> Entry:
    """Describe a file by what ``file_digest`` says of its bytes."""
    return Entry(name, b"x" if executable else b"f", digest)


def link_entry(name: bytes, target: bytes) -> Entry:
    """Describe a symbolic link."""
    return Entry(name, b"l", target)


def folder_entry(name: bytes) -> Entry:
    """Describe a folder inside the folder; what is in it has entries of its own."""
    return Entry(name, b"d", b"")


def file_digest(chunks: Iterable[bytes]) -> bytes:
    """Digest a file from its bytes."""
    digest = hashlib.sha256(_FILE)
    for chunk in chunks:
        digest.update(chunk)
    return digest.digest()


def folder_digest(entries: Iterable[Entry]) -> str:
    """Digest a folder from the entries of everything below it, given in any order."""
    digest = hashlib.sha256(_FOLDER)
    for entry in sorted(entries):
        for field in entry:
            digest.update(len(field).to_bytes(8, "big"))
            digest.update(field)
    return digest.hexdigest()
