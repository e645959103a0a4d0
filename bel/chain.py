"""The hash chain: each entry's hash covers its bytes and the hash before it.

So a changed, missing, added or moved entry is found at its seq, also where SQLite's own checks see nothing. The
framing is a msgpack array of the previous hash and the fields, which is unambiguous: every item carries its type and
length. It finds damage, not forgery: whoever can rewrite the whole log can also rewrite its hashes. Source: design
section 6.
"""

from hashlib import blake2b

import msgspec

Fields = tuple[int, int, int, str, int, str, str, int, str, str, str]
"""What is hashed: a ``row.Row`` without its hash, in the same order."""

HASH_BYTES = 16

GENESIS = bytes(HASH_BYTES)
"""The hash before the first entry."""

_pack = msgspec.msgpack.Encoder().encode


def link(previous: bytes, fields: Fields) -> bytes:
    """Give the hash of an entry that follows ``previous``."""
    return blake2b(_pack((previous, fields)), digest_size=HASH_BYTES).digest()


def seal(entry_hash: bytes, digest: str, body: bytes, form: int) -> bytes:
    """Give the hash that binds a snapshot to the entry it was taken at."""
    content = blake2b(body, digest_size=HASH_BYTES).digest()  # apart: packing it would copy it, and it is large
    return blake2b(_pack((entry_hash, digest, content, form)), digest_size=HASH_BYTES).digest()
