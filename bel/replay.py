"""Reading the past: what the state was at a seq or at a time.

Laws hold at the ends of batches, so every place is rounded down to one. Source: design sections 3 (law 4) and 6.
"""

from collections.abc import Callable
from typing import TypeVar

from bel.entry import Entry
from bel.errors import NoSuchSeq
from bel.log import ReadableLog

E = TypeVar("E")
S = TypeVar("S")


async def round_down(log: ReadableLog[E], seq: int) -> int:
    """Give the last end of a batch at or before ``seq``; raise NoSuchSeq outside the log."""
    if not 0 <= seq <= log.head.seq:
        raise NoSuchSeq(seq, log.head.seq)
    if seq in {0, log.head.seq}:
        return seq
    here, following = [entry async for entries in log.read(after=seq - 1, upto=seq + 1) for entry in entries]
    return seq if following.batch == following.seq else here.batch - 1


async def seq_at_time(log: ReadableLog[E], at: int) -> int:
    """Give the end of the last batch that was written by ``at``, in microseconds since the Unix epoch; 0 if none was.

    Reads about log2(n) entries. Where the writer's clock once went back more than one answer fits, and one is taken.
    """
    before, beyond = 0, log.head.seq + 1
    while beyond - before > 1:
        middle = (before + beyond) // 2
        if await time_of(log, middle) <= at:
            before = middle
        else:
            beyond = middle
    return await round_down(log, before)


async def fold_to(
    log: ReadableLog[E], seq: int | None, initial: S, apply: Callable[[S, Entry[E]], S], *, after: int = 0
) -> S:
    """Fold the entries up to ``seq``, rounded down, or to the head, onto ``initial``, the state at ``after``."""
    upto = await round_down(log, log.head.seq if seq is None else seq)
    if after > upto:
        raise NoSuchSeq(after, upto)
    state = initial
    async for entries in log.read(after=after, upto=upto):
        for entry in entries:
            state = apply(state, entry)
    return state


async def time_of(log: ReadableLog[E], seq: int) -> int:
    """When an entry was written, in microseconds since the Unix epoch; raise NoSuchSeq where there is none."""
    found = [entry.at async for entries in log.read(after=seq - 1, upto=seq) for entry in entries]
    if not found:
        raise NoSuchSeq(seq, log.head.seq)
    return found[0]
