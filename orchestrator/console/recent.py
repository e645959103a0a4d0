"""What of the log was shown lately, so that a page which follows it reads only what is new.

Entries never change, so what was read once is good for all moments and for everybody. One entry may be large: a want
of a million refs takes half a second to decode.
"""

from collections import OrderedDict
from collections.abc import Mapping
from typing import NamedTuple

from orchestrator.api.reads import Reads
from orchestrator.views.shapes import EntryFilter, EntryView

KEPT = 1_000
LAUNCHES_LOOKED_AT = 10_000


class Entries:
    """The entries that were shown last, however far apart."""

    def __init__(self) -> None:
        self._entries: OrderedDict[int, EntryView] = OrderedDict()

    async def between(self, reads: Reads, after: int, upto: int) -> list[EntryView]:
        """The entries after < seq <= upto, oldest first. Raises DoorError."""
        seqs = range(after + 1, upto + 1)
        missing = [seq for seq in seqs if seq not in self._entries]
        if missing:
            for entry in await reads.entries(EntryFilter(after=missing[0] - 1, upto=missing[-1])):
                self._entries[entry.seq] = entry
        found = [self._entries[seq] for seq in seqs]
        for entry in found:
            self._entries.move_to_end(entry.seq)
        while len(self._entries) > KEPT:
            self._entries.popitem(last=False)
        return found


class Launches:
    """When JobRuns were launched, as far as a stretch of the log tells that was looked at without a gap."""

    def __init__(self) -> None:
        self._begun = 0
        self._read = 0
        self._at: dict[str, str] = {}

    async def before(self, reads: Reads, upto: int) -> Mapping[str, str]:
        """The launches among the LAUNCHES_LOOKED_AT entries up to a seq, and maybe others. Raises DoorError."""
        after = max(0, upto - LAUNCHES_LOOKED_AT)
        if not self._begun <= after <= self._read or upto - self._begun > 2 * LAUNCHES_LOOKED_AT:
            self._begun = self._read = after
            self._at = {}
        if upto > self._read:
            begin = self._read
            chosen = EntryFilter(after=begin, upto=upto, kind="JobRunLaunching")
            self._at.update([(entry.entity, entry.at) for entry in await reads.entries(chosen)])
            self._read = upto if self._read == begin else self._read  # who was faster knows better
        return self._at


class Recent(NamedTuple):
    """What is remembered for all who look."""

    entries: Entries
    launches: Launches
