"""Whether a log still ends where it is known to have ended.

Two witnesses remember the head: the head row, written with every batch, and the head file, written now and then
beside the log. The log may hold more than the head file remembers, never less. Source: design section 6.
"""

from typing import Final

from bel.chain import GENESIS
from bel.entry import Head
from bel.errors import LogDamaged, TailMissing
from bel.row import HASH
from bel.store import RowSource

LAST_SEQ: Final = 2**63 - 1
"""Beyond every seq a log can have."""


async def check_witness(source: RowSource, witness: Head, name: str) -> None:
    """Raise TailMissing unless the log holds the entry that the witness remembers."""
    head = await source.head()
    if witness.seq > head.seq:
        raise TailMissing(source.path, head.seq + 1, name)
    rows = await source.rows(witness.seq - 1, witness.seq, 1)
    found = rows[0][HASH] if rows else GENESIS
    if found != witness.hash:
        raise TailMissing(source.path, witness.seq, name)
    if head.epoch < witness.epoch:
        raise LogDamaged(source.path, f"its epoch is {head.epoch}, {name} remembers {witness.epoch}: an older copy")


async def check_end(source: RowSource, head: Head) -> None:
    """Raise TailMissing or LogDamaged unless the last entry is the one of the head row."""
    await check_witness(source, head, "the head row")
    if await source.rows(head.seq, LAST_SEQ, 1) and (await source.head()).seq == head.seq:
        raise LogDamaged(source.path, f"entry {head.seq + 1} stands beyond the head row", head.seq + 1)
