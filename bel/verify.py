"""Looking for damage in a log, row by row, without believing any part of it.

It reads what is stored rather than what decodes, goes on behind damage, and reports what it finds in order of seq.
What the log cannot know, whether the events make sense, is asked of a ``check`` that the domain brings. It changes
nothing. Source: design sections 3 (law 7) and 6.
"""

from collections.abc import Callable, Iterable
from typing import Generic, TypeVar

import msgspec

from bel.chain import GENESIS, link
from bel.codec import Codec
from bel.entry import Entry, Head
from bel.errors import BelError, LogDamaged, Undecodable, UnknownKind
from bel.head_file import read_head_file
from bel.reading import CHUNK_ROWS
from bel.row import BATCH, CAUSE, HASH, SEQ, Row, is_row, to_entry
from bel.store import RowSource
from bel.witness import LAST_SEQ, check_end, check_witness

E = TypeVar("E")

Check = Callable[[Entry[E]], Iterable[str]]
"""Looks at one entry after the other and says what is wrong with it; asked only as long as the log itself is sound."""

FINDINGS_MAX = 100
"""Damage that repeats is not listed for ever."""


class Finding(msgspec.Struct, frozen=True):
    """One thing that is wrong. ``code`` is that of an error of this package, or ``store_damaged``, or ``law``."""

    code: str
    seq: int | None
    message: str


class Report(msgspec.Struct, frozen=True):
    """What a verification saw."""

    entries: int
    head: Head | None
    """None when the head row cannot be read."""
    findings: tuple[Finding, ...]

    @property
    def first_bad(self) -> int | None:
        """The first seq with damage: everything before it is sound."""
        return min((finding.seq for finding in self.findings if finding.seq is not None), default=None)


async def verify(source: RowSource, codec: Codec[E], check: Check[E] | None = None) -> Report:
    """Read a whole log, up to its head of this moment, and report what is wrong with it."""
    walk = _Walk(codec, check)
    head = await _read_head(source, walk)
    await _walk_rows(source, head.seq if head else LAST_SEQ, walk)
    if head:
        walk.end(head)
        await _ask_witnesses(source, head, walk)
    for ailment in await _ailments(source):
        walk.report("store_damaged", None, ailment)
    return Report(entries=walk.entries, head=head, findings=tuple(walk.findings))


async def _read_head(source: RowSource, walk: "_Walk[E]") -> Head | None:
    try:
        return await source.head()
    except LogDamaged as error:
        walk.report(error.code, None, str(error))
        return None


async def _ailments(source: RowSource) -> list[str]:
    try:
        return await source.ailments()
    except LogDamaged as error:
        return [str(error)]


async def _walk_rows(source: RowSource, upto: int, walk: "_Walk[E]") -> None:
    after, limit = 0, CHUNK_ROWS
    while after < upto and len(walk.findings) < FINDINGS_MAX:
        try:
            rows = await source.rows(after, upto, limit)
        except LogDamaged as error:
            # Row by row from here, to find the one that cannot be read.
            if limit == 1:
                after += 1
                walk.lose(error.code, after, str(error))
            limit = 1
            continue
        if not rows:
            return
        for row in rows:
            walk.take(row)
        # A damaged file can give rows that were not asked for: go on in any case.
        after = max(after + 1, rows[-1][SEQ])


async def _ask_witnesses(source: RowSource, head: Head, walk: "_Walk[E]") -> None:
    try:
        await check_end(source, head)
        if witness := read_head_file(source.path):
            await check_witness(source, witness, "the head file")
    except BelError as error:
        if not any(finding.code == error.code for finding in walk.findings):
            walk.report(error.code, error.seq, str(error))


class _Walk(Generic[E]):
    """What is expected of the next row, and what was found so far."""

    def __init__(self, codec: Codec[E], check: Check[E] | None) -> None:
        self._codec = codec
        self._check = check
        self._seq = 0
        # None is behind a loss, where nothing is known; before the first entry there is no batch to go on with.
        self._batch: int | None = -1
        self._hash: bytes | None = GENESIS
        self.entries = 0
        self.findings: list[Finding] = []

    def take(self, row: Row) -> None:
        """Look at the next row, wherever it stands."""
        if row[SEQ] <= self._seq:
            self.lose("chain_broken", self._seq, f"an entry that calls itself {row[SEQ]} stands in its place")
            return
        if row[SEQ] != self._seq + 1:
            self.lose("chain_broken", row[SEQ] - 1, f"missing up to entry {row[SEQ]}")
        self.entries += 1
        self._seq = row[SEQ]
        if self._follows(row):
            self._look_at_place(row)
            self._look_inside(row)
        self._batch, self._hash = row[BATCH], row[HASH]

    def lose(self, code: str, upto: int, problem: str) -> None:
        """Go on behind rows that are not there or cannot be read."""
        self.report(code, self._seq + 1, problem)
        self._seq, self._batch, self._hash = upto, None, None

    def end(self, head: Head) -> None:
        """Say whether the rows reach as far as the head row."""
        if self._seq < head.seq and len(self.findings) < FINDINGS_MAX:
            self.report("tail_missing", self._seq + 1, f"missing up to the head row, which says {head.seq}")

    def report(self, code: str, seq: int | None, message: str) -> None:
        """Add a finding."""
        if len(self.findings) < FINDINGS_MAX:
            self.findings.append(Finding(code, seq, message))

    def _follows(self, row: Row) -> bool:
        if not is_row(row):
            self.report("chain_broken", row[SEQ], "its columns do not hold what belongs there")
            return False
        if self._hash is None or link(self._hash, row[:-1]) == row[HASH]:
            return True
        self.report("chain_broken", row[SEQ], "the hash does not match the bytes and the entry before")
        return False

    def _look_at_place(self, row: Row) -> None:
        seq, batch, cause = row[SEQ], row[BATCH], row[CAUSE]
        if batch != seq and self._batch not in {batch, None}:
            self.report("bad_batch", seq, f"says batch {batch}, but follows an entry of batch {self._batch}")
        if not 0 <= cause < seq:
            self.report("bad_batch", seq, f"says it was caused by {cause}, which is no earlier entry")

    def _look_inside(self, row: Row) -> None:
        try:
            entry = to_entry(row, self._codec)
        except (UnknownKind, Undecodable) as error:
            self.report(error.code, row[SEQ], str(error))
            return
        # A fold over a log with a hole in it would only repeat that there is one.
        if self._check and not self.findings:
            for problem in self._check(entry):
                self.report("law", row[SEQ], problem)
