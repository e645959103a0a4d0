"""What a power cut leaves of the files of a disk.

The model: what was synced is there. Of what was written since, each sector of 512 bytes is there or not, on its own;
a truncation is there or not; a deleted file may be back until its folder is synced. After a sync that failed the system
forgets that it has something to write: of what was written until then each sector is there or not, whatever is synced
later, unless it is written again. The head file is replaced durably or noted without a sync: after a cut it says the
last thing that was kept durably, or any that was noted since.
"""

from collections.abc import Iterator, Sequence
from pathlib import Path
from random import Random

from tests.faults.disk import Deed

SECTOR = 512


class _Shadow:
    """One file: what is durable of it, what a failed sync gave up, what was synced since, and what is asked for."""

    def __init__(self) -> None:
        self.durable: bytes | None = None
        self.given_up: list[Deed] = []
        self.synced: list[Deed] = []
        self.pending: list[Deed] = []

    def sync(self) -> None:
        if self.given_up:
            self.synced += self.pending
        else:
            content = bytearray(self.durable or b"")
            for deed in self.pending:
                _perform(content, deed)
            self.durable = None if self.pending and self.pending[-1].kind == "delete" else bytes(content)
        self.pending = []

    def give_up(self) -> None:
        """A sync has failed: what was to be written is not known any more to be due."""
        self.given_up += self.pending
        self.pending = []

    def sync_folder(self) -> None:
        kinds = [deed.kind for deed in self.pending]
        if "delete" in kinds:
            self.durable = None
            self.pending = self.pending[len(kinds) - kinds[::-1].index("delete") :]

    def after_a_cut(self, random: Random) -> bytes | None:
        content = bytearray(self.durable or b"")
        there = self.durable is not None
        luck = random.choice((0.0, 0.1, 0.5, 0.9, 1.0))
        for deeds, chance in ((self.given_up, luck), (self.synced, 1.0), (self.pending, luck)):
            for deed in deeds:
                for part in _sectors(deed):
                    if random.random() < chance:
                        _perform(content, part)
                        there = deed.kind != "delete"
        return bytes(content) if there else None


def _sectors(deed: Deed) -> Iterator[Deed]:
    if deed.kind != "write":
        yield deed
        return
    begin, end = deed.offset, deed.offset + len(deed.data)
    while begin < end:
        upto = min(end, (begin // SECTOR + 1) * SECTOR)
        yield Deed("write", deed.file, begin, deed.data[begin - deed.offset : upto - deed.offset])
        begin = upto


def _perform(content: bytearray, deed: Deed) -> None:
    if deed.kind == "write":
        content.extend(bytes(max(0, deed.offset - len(content))))
        content[deed.offset : deed.offset + len(deed.data)] = deed.data
    else:
        del content[deed.offset :]


class Cuts:
    """Walks a record and gives files as a power cut at any moment would leave them."""

    def __init__(self, deeds: Sequence[Deed]) -> None:
        self._deeds = deeds
        self._shadows: dict[str, _Shadow] = {}
        self._heads: list[bytes] = []
        self.acknowledged = 0
        """The seq that was acknowledged last, at the moment of the cut."""

    def images(self, number: int, random: Random, folder: Path, *, after: int = 0) -> Iterator[Path]:
        """Lay so many images out in ``folder``, one after the other, at moments spread over the record after a deed."""
        moments = sorted(random.randrange(after + 1, len(self._deeds) + 1) for _ in range(number))
        done = 0
        for moment in moments:
            for deed in self._deeds[done:moment]:
                self._follow(deed)
            done = moment
            self._lay_out(random, folder)
            yield folder / "bel.sqlite"

    def _follow(self, deed: Deed) -> None:
        if deed.kind == "acknowledge":
            self.acknowledged = deed.offset
        elif deed.kind == "head noted":
            self._heads.append(deed.data)
        elif deed.kind == "head kept":
            self._heads = [deed.data]
            self._sync_folder()
        elif deed.kind == "sync folder":
            self._sync_folder()
        elif deed.kind == "sync":
            self._shadow(deed.file).sync()
        elif deed.kind == "sync failed":
            self._shadow(deed.file).give_up()
        else:
            self._shadow(deed.file).pending.append(deed)

    def _sync_folder(self) -> None:
        for shadow in self._shadows.values():
            shadow.sync_folder()

    def _shadow(self, name: str) -> _Shadow:
        return self._shadows.setdefault(name, _Shadow())

    def _lay_out(self, random: Random, folder: Path) -> None:
        for old in folder.iterdir():
            old.unlink()
        for name, shadow in self._shadows.items():
            content = shadow.after_a_cut(random)
            if content is not None:
                (folder / name).write_bytes(content)
        if self._heads:
            (folder / "bel.sqlite.head").write_bytes(random.choice(self._heads))
