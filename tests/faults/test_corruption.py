"""Whatever is damaged in a log: what changed is found at its seq, and recovery keeps exactly what is good.

Damages are seeded. What really changed is worked out by comparing plain rows with those that were written, without
the chain; ``LONG_DAMAGES`` sets the number for `make test-long`.
"""

import asyncio
import os
import shutil
from collections import Counter
from collections.abc import Sequence
from itertools import cycle, islice
from pathlib import Path
from random import Random

import msgspec
import pytest

from bel.entry import Snapshot
from bel.errors import BelError
from bel.open import open_log
from bel.recover import Recovery, recover
from bel.row import BATCH, HASH, SEQ, Row
from bel.sqlite import SqliteReader
from bel.verify import Report, verify
from tests.bel.toy import CODEC, puts
from tests.faults.damage import ON_A_KILLED_LOG, ON_ANY_LOG, Damage
from tests.faults.plainly import row_at, rows_of
from tests.faults.workload import size_of

DAMAGES = 310
LONG_DAMAGES = int(os.environ.get("LONG_DAMAGES", "10000"))
BATCHES = 30


class Original(msgspec.Struct, frozen=True):
    """A log as it was before it was damaged."""

    folder: Path
    rows: list[Row]
    damages: dict[str, Damage]

    def end_before(self, seq: int) -> int:
        """Give the end of the last batch that is over before ``seq``."""
        ends = [row[SEQ] - 1 for row in self.rows if row[BATCH] == row[SEQ]] + [len(self.rows)]
        return max(end for end in ends if end < seq)


async def _write(path: Path, killed: Path) -> None:
    async with await open_log(path, CODEC) as log:
        epoch = await log.take_epoch()
        for batch in range(BATCHES):
            await log.append(puts(log.head.seq + 1, size_of(batch)), epoch=epoch)
            if batch == BATCHES // 2:
                await log.save_snapshot(Snapshot(seq=log.head.seq, digest="d", body=b"half", format=1))
                await log._store._checkpoint()  # type: ignore[attr-defined] # half of it is in the file, half in the WAL
        copy_log(path.parent, killed)


def copy_log(of: Path, to: Path) -> None:
    """Copy a log as it lies on the disk."""
    to.mkdir(parents=True)
    for name in ("bel.sqlite", "bel.sqlite-wal", "bel.sqlite.head"):
        if (of / name).exists():
            shutil.copy(of / name, to)


@pytest.fixture(scope="module")
def originals(tmp_path_factory: pytest.TempPathFactory) -> list[Original]:
    """A log that was closed, and one whose writer was killed."""
    folder = tmp_path_factory.mktemp("logs")
    (folder / "closed").mkdir()
    asyncio.run(_write(folder / "closed" / "bel.sqlite", folder / "killed"))
    rows = rows_of(folder / "closed" / "bel.sqlite")
    return [
        Original(folder / "closed", rows, ON_ANY_LOG),
        Original(folder / "killed", rows, {**ON_ANY_LOG, **ON_A_KILLED_LOG}),
    ]


class Trial:
    """One damage to one log, and what came of it."""

    def __init__(self, original: Original, damage: str, seed: int, folder: Path) -> None:
        self.original = original
        self.log, self._twin = folder / "damaged" / "bel.sqlite", folder / "twin" / "bel.sqlite"
        copy_log(original.folder, self.log.parent)
        original.damages[damage](self.log, Random(seed))
        # Looking at a log makes it recover its WAL; so what changed is looked for in a copy.
        copy_log(self.log.parent, self._twin.parent)
        self.first_changed = self._first_changed()

    def _first_changed(self) -> int | None:
        found, written = rows_of(self._twin), self.original.rows
        for seq, (row, as_written) in enumerate(zip(found, written, strict=False), 1):
            if row[:HASH] != as_written[:HASH]:
                return seq
        return None if len(found) == len(written) else min(len(found), len(written)) + 1

    async def judge(self) -> str:
        try:
            report = await report_on(self.log)
        except BelError:
            await self._judge_refusal()
            return "refused"
        if self.first_changed:
            assert report.first_bad == self.first_changed, report.findings
        await self._judge_recovery(report)
        return "found" if self.first_changed else "harmless" if not report.findings else "found, nothing changed"

    async def _judge_refusal(self) -> None:
        before = self._bytes()
        with pytest.raises(BelError):
            await recover(self.log)
        assert self._bytes() == before

    async def _judge_recovery(self, report: Report) -> None:
        before = self._bytes()
        told = await recover(self.log)
        if told.reason:
            assert report.findings, f"recovered from nothing: {told.reason}"
            self._judge_kept(told, report)
            assert self._bytes("bel.sqlite.damaged-1") == before
        else:
            assert (told.kept, told.dropped, self.first_changed) == (len(self.original.rows), 0, None)
            assert {finding.code for finding in report.findings} <= {"bad_head_file"}, report.findings
            return
        after = await report_on(self.log)
        assert (after.entries, after.findings) == (told.kept, ())
        assert rows_of(self.log) == self.original.rows[: told.kept]
        assert after.head
        assert after.head.epoch > 1

    def _judge_kept(self, told: Recovery, report: Report) -> None:
        # A hash that rotted away changes no event, but what it covers cannot be believed any more.
        broken = [found.seq for found in report.findings if found.code == "chain_broken" and found.seq]
        bad = self.first_changed or min(broken, default=len(self.original.rows) + 1)
        good = self.original.end_before(bad)
        if told.kept == good:
            return
        # Nothing but the lost entry told that the batch before it was whole: it is dropped, not guessed at.
        assert told.kept == self.original.end_before(good)
        row = row_at(self._twin, bad)
        assert row is None or row[BATCH] != self.original.rows[bad - 1][BATCH]

    def _bytes(self, name: str = "bel.sqlite") -> dict[str, bytes]:
        files = {end: self.log.with_name(name + end) for end in ("", "-wal", ".head")}
        return {end: file.read_bytes() for end, file in files.items() if file.exists()}


async def report_on(log: Path) -> Report:
    source = await SqliteReader.open(log)
    try:
        return await verify(source, CODEC)
    finally:
        await source.close()


def try_damages(originals: Sequence[Original], number: int, folder: Path) -> Counter[str]:
    """Damage each log in each way, over and over, and count what came of it."""
    ways = [(original, damage) for original in originals for damage in original.damages]
    outcomes: Counter[str] = Counter()
    for seed, (original, damage) in enumerate(islice(cycle(ways), number)):
        place = folder / f"{seed}"
        trial = Trial(original, damage, seed, place)
        try:
            outcomes[asyncio.run(trial.judge())] += 1
        except BaseException as error:
            error.add_note(f"seed {seed}: {damage} of the log that was {original.folder.name}; see {place}")
            raise
        shutil.rmtree(place)
    return outcomes


def test_damage_is_found_and_recovered_from(originals: list[Original], fast_folder: Path) -> None:
    """Broken: an event that was changed, moved or lost is believed, or recovery drops or invents what it need not."""
    outcomes = try_damages(originals, DAMAGES, fast_folder)
    assert outcomes["found"] > DAMAGES // 3
    assert outcomes["refused"] < DAMAGES // 6


@pytest.mark.long
@pytest.mark.timeout(7_200)
def test_ten_thousand_damages(originals: list[Original], fast_folder: Path) -> None:
    """Broken: as above, for damage that is rare."""
    try_damages(originals, LONG_DAMAGES, fast_folder)
