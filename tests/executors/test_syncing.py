"""What the keeper has on the disk before it acts or speaks: its syncs, watched one by one."""

import os
import selectors
import socket
import time
from collections.abc import Callable, Generator
from contextlib import contextmanager
from pathlib import Path

import msgspec
import pytest

from orchestrator.executors.keeper import journal
from orchestrator.executors.keeper.epochs import raise_epoch
from orchestrator.executors.keeper.keeper import Keeper
from orchestrator.executors.keeper.ledger import Committed, Ledger
from orchestrator.executors.keeper.room import NoRoom
from orchestrator.executors.keeper.wire import PROTOCOL
from tests.executors.rigs import Maker, request
from tests.executors.test_journal import made

Deed = bytes | list[str]
"""What was in a file when it was synced, or the names in a folder."""


@contextmanager
def watched() -> Generator[list[Deed]]:
    """Note every sync."""
    deeds: list[Deed] = []

    def noting(sync: Callable[[int], None]) -> Callable[[int], None]:
        def noted(handle: int) -> None:
            sync(handle)
            path = Path(f"/proc/self/fd/{handle}")
            deeds.append(sorted(each.name for each in path.iterdir()) if path.is_dir() else path.read_bytes())

        return noted

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(os, "fsync", noting(os.fsync))
        patch.setattr(os, "fdatasync", noting(os.fdatasync))
        yield deeds


def test_a_journal_has_its_name_on_the_disk_before_anything_is_claimed(tmp_path: Path) -> None:
    """Broken: after a power cut nobody knows of a keeper, nor of what it claimed, and everything is started again."""
    with watched() as deeds:
        own = made(tmp_path)
        header = (tmp_path / journal.NAME).read_bytes()
        assert deeds == [header, ["journal"]]
        deeds.clear()
        own.rewrite([journal.claims_line(["a"], 1)])
        assert deeds == [(tmp_path / journal.NAME).read_bytes(), ["journal"]]


def test_a_journal_is_locked_before_it_has_its_name(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Broken: a keeper that has just begun is taken for dead, and what it starts is declared lost and killed."""
    locked: list[bool] = []
    link: Callable[..., None] = os.link

    def watched_link(source: str, target: str, **folders: int) -> None:
        locked.append(journal.is_alive(str(tmp_path / source)))
        link(source, target, **folders)

    monkeypatch.setattr(os, "link", watched_link)
    own = made(tmp_path)
    own.append([journal.claims_line(["a"], 1)])
    assert locked == [True]


def test_a_claim_is_on_the_disk_before_it_is_let_out(tmp_path: Path) -> None:
    """Broken: a run is spawned, and after a power cut nothing says so: it is started again."""
    book = Ledger(made(tmp_path), [])
    with watched() as deeds:
        book.ask(request("a"), 1)
        book.ask(request("b"), 1)
        assert [each.run for each in book.commit().claims] == ["a", "b"]
        assert deeds == [(tmp_path / journal.NAME).read_bytes()]


def test_an_end_is_written_down_before_it_is_told_and_not_synced_for_it(tmp_path: Path) -> None:
    """Broken: a keeper that is killed forgets an end that was told, or each end waits for the disk."""
    book = Ledger(made(tmp_path), [])
    book.ask(request("a"), 1)
    book.commit()
    with watched() as deeds:
        book.queue_end("a", {"kind": "exit"})
        assert set(book.commit().ends) == {"a"}
        written = (tmp_path / journal.NAME).read_bytes()
        assert b'"end":"a"' in written
        assert deeds == []
        book.sync()
        assert deeds == [written]


def test_an_epoch_is_on_the_disk_before_it_counts(tmp_path: Path) -> None:
    """Broken: after a power cut a daemon that was overtaken is obeyed again, or the epoch is no number."""
    with watched() as deeds:
        raise_epoch(str(tmp_path), 7)
    assert deeds == [b"7\n", ["epoch", "epoch.lock"]]


class Hand:
    """A keeper in this process, turned by hand, and a daemon's end of a connection to it."""

    def __init__(self, folder: Path) -> None:
        self.ledger = Ledger(made(folder), [])
        listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        listener.bind(str(folder / "s"))
        listener.listen()
        self._keeper = Keeper(str(folder), self.ledger, listener, 0.0)
        self._daemon, self._far = socket.socketpair()
        self._daemon.settimeout(0)
        self._keeper._server.add(self._far)
        self._heard = bytearray()
        self._listener = listener

    def ask(self, do: str, **fields: object) -> None:
        self._daemon.sendall(msgspec.json.encode({"do": do, "epoch": 1, **fields}) + b"\n")

    def turn_until(self, is_so: Callable[[], object]) -> None:
        selector: selectors.BaseSelector = self._keeper._selector
        until = time.monotonic() + 5.0
        while not is_so():
            assert time.monotonic() < until, "it never comes to that"
            for key, _ in selector.select(0.01):
                key.data()
            # Ahead of the pauses between commits and before syncs, and of no deadline.
            self._keeper._commit_at = 0.0
            self._keeper._turn(time.monotonic() + 1.0)

    def heard(self) -> bytes:
        try:
            while said := self._daemon.recv(1 << 16):
                self._heard += said
        except BlockingIOError:
            pass
        return bytes(self._heard)

    def close(self) -> None:
        for channel in (self._daemon, self._far, self._listener):
            channel.close()
        self._keeper._selector.close()


def running(folder: Path) -> Hand:
    """A keeper that has one run, which ends soon."""
    hand = Hand(folder)
    hand.ask("hello", protocol=PROTOCOL)
    hand.ask("start", runs=[msgspec.to_builtins(Maker(folder).process("r", "/bin/true"))])
    hand.turn_until(lambda: hand.ledger.running() == ["r"])
    return hand


def test_an_end_that_was_told_is_on_the_disk_a_moment_later(tmp_path: Path) -> None:
    """Broken: a job that ended while no daemon was there runs again after a power cut, however long ago that was."""
    hand = running(tmp_path)
    with watched() as deeds:
        hand.turn_until(lambda: b'"exit"' in hand.heard())
        hand.turn_until(lambda: any(isinstance(deed, bytes) and b'"end":"r"' in deed for deed in deeds))
    hand.close()


def test_an_end_is_told_once_it_is_written_down(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Broken: a daemon logs an end that the keeper forgets when it is killed, and then two tell different ends."""
    hand = running(tmp_path)
    refused: list[int] = []

    def full() -> Committed:
        refused.append(1)
        raise NoRoom

    with monkeypatch.context() as patch:
        patch.setattr(hand.ledger, "commit", full)
        hand.turn_until(lambda: hand.ledger.has_queued and len(refused) > 3)
        assert b'"exit"' not in hand.heard()
    hand.turn_until(lambda: b'"exit"' in hand.heard())
    assert hand.ledger.end_of("r") is not None
    hand.close()
