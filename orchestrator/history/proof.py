"""Whether snapshots are what they claim: each is held against a fresh replay to its place."""

from typing import Literal, NamedTuple

import msgspec

from bel.entry import Snapshot
from bel.log import ReadableLog
from orchestrator.runtime.snapshots import fold_on
from statemachines.events import AnyEvent
from statemachines.laws import check
from statemachines.snapshot import FORMAT, WorldCodec, open_world
from statemachines.world import World

Verdict = Literal["sound", "other_format", "not_of_this_log", "differs"]
"""``not_of_this_log``: its bytes, or the log before it, are not those it was sealed with. ``differs``: it is not what
a replay gives. Only the last says that something is wrong; the others are passed over when they are met."""


class Proof(NamedTuple):
    """What was found of one snapshot."""

    seq: int
    verdict: Verdict


async def prove(log: ReadableLog[AnyEvent]) -> list[Proof]:
    """Hold every snapshot against one replay of the log, oldest first. Raises what reading and folding raise."""
    world, codec, found = World(), WorldCodec(), list[Proof]()
    for facts in await log.snapshots():
        await fold_on(world, log, facts.seq)
        snapshot = await log.newest_snapshot(facts.seq)
        if snapshot is None or snapshot.seq != facts.seq:
            verdict: Verdict = "not_of_this_log"
        elif snapshot.format != FORMAT:
            verdict = "other_format"
        else:
            verdict = "sound" if _is_it(snapshot, world, codec) else "differs"
        found.append(Proof(facts.seq, verdict))
    return found


def _is_it(snapshot: Snapshot, world: World, codec: WorldCodec) -> bool:
    """Whether a snapshot claims, and holds, this very world, and what it says for its indices is so."""
    try:
        kept = open_world(snapshot.body)
        is_claimed = snapshot.digest == codec.encode(world.states()).digest
        return is_claimed and kept.digest() == world.digest() and not any(check(kept))
    except msgspec.MsgspecError:
        return False
