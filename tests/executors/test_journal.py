"""The keeper's records: what is on the disk is what was promised, whenever it is read."""

import errno
import os
from collections.abc import Iterable
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import given
from hypothesis import strategies as st

from orchestrator.executors.keeper import journal, ledger
from orchestrator.executors.keeper.epochs import raise_epoch, read_epoch
from orchestrator.executors.keeper.journal import BadJournal, End, Journal, read_journal
from orchestrator.executors.keeper.ledger import Ledger
from orchestrator.executors.keeper.room import NoRoom
from orchestrator.executors.keeper.wire import BadMessage, parse_message
from tests.executors.rigs import request


def made(folder: Path) -> Journal:
    return Journal(str(folder), journal.new_header("k"))


def unsettled(path: Path) -> tuple[set[str], dict[str, End]]:
    recorded = read_journal(str(path))
    return set(recorded.claims), recorded.ends


STEPS = st.lists(st.tuples(st.sampled_from(["ask", "end", "commit", "settle"]), st.integers(0, 12)), max_size=60)


@given(STEPS)
def test_the_journal_holds_what_was_committed_and_not_settled(steps: Iterable[tuple[str, int]]) -> None:
    """Broken: a claim or an end is told before it is on the disk, or a settled one comes back after a compaction."""
    claimed: set[str] = set()
    ended: set[str] = set()
    ending: set[str] = set()
    with TemporaryDirectory() as folder, pytest.MonkeyPatch.context() as patch:
        patch.setattr(ledger, "_SETTLED_KEPT_MAX", 3)
        book, path = Ledger(made(Path(folder)), []), Path(folder) / journal.NAME
        for step, number in steps:
            run = f"r{number}"
            match step:
                case "ask":
                    book.ask(request(run), 1)
                case "end" if run in claimed - ended - ending:
                    book.queue_end(run, {"kind": "exit"})
                    ending.add(run)
                case "commit":
                    committed = book.commit()
                    claimed |= {each.run for each in committed.claims}
                    ended |= set(committed.ends)
                    ending.clear()
                case "settle":
                    book.settle([run])
                    claimed -= {run} & ended
                    ended.discard(run)
                case _:
                    pass
            claims, ends = unsettled(path)
            assert (claims, set(ends)) == (claimed, ended)
            assert journal.is_alive(str(path))


def test_a_torn_last_line_was_never_written(tmp_path: Path) -> None:
    """Broken: a crash of the machine in the middle of a write makes the journal unreadable, or half a claim count."""
    own = made(tmp_path)
    own.append([journal.claims_line(["a"], 1)])
    whole = (tmp_path / journal.NAME).read_bytes()
    own.append([journal.claims_line(["b", "c"], 1)])
    both = (tmp_path / journal.NAME).read_bytes()
    for size in range(len(whole), len(both)):
        (tmp_path / "torn").write_bytes(both[:size])
        assert unsettled(tmp_path / "torn") == ({"a"}, {})


def test_a_line_that_no_keeper_wrote_is_refused(tmp_path: Path) -> None:
    """Broken: damage counts as never claimed, and a run is started twice."""
    path = tmp_path / "journal"
    header = b'{"keeper":"k","pid":1,"boot":"b"}\n'
    for bad in (b"\n", b"{}\n", b"[]\n", b'{"claims":[1],"epoch":1}\n', b'{"end":"a"}\n', b"\xff\n"):
        path.write_bytes(header + bad)
        with pytest.raises(BadJournal, match="line 2"):
            read_journal(str(path))
    for bad in (b"", b"{}\n", header[:-1]):
        path.write_bytes(bad)
        with pytest.raises(BadJournal, match="line 1"):
            read_journal(str(path))


def test_a_full_disk_is_waited_out(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Broken: on a full disk a run is spawned without its claim, an end is lost, or half a line stays in the middle."""
    book = Ledger(made(tmp_path), [])
    book.ask(request("a"), 1)
    book.commit()
    before = (tmp_path / journal.NAME).read_bytes()
    book.ask(request("b"), 1)
    book.queue_end("a", {"kind": "exit"})
    write = os.write

    def no_room(file: int, data: bytes) -> int:
        if len(data) < 10:
            raise OSError(errno.ENOSPC, "No space left on device")
        return write(file, data[: len(data) // 2])

    with monkeypatch.context() as patch:
        patch.setattr(os, "write", no_room)
        with pytest.raises(NoRoom):
            book.commit()
        assert (tmp_path / journal.NAME).read_bytes() == before
        assert (book.running(), book.end_of("a")) == (["a"], None)
    committed = book.commit()
    assert ([each.run for each in committed.claims], set(committed.ends)) == (["b"], {"a"})
    assert set(unsettled(tmp_path / journal.NAME)[0]) == {"a", "b"}


def test_a_journal_is_alive_as_long_as_its_keeper(tmp_path: Path) -> None:
    """Broken: a living keeper is taken for dead and its runs are killed, or a dead one is waited for."""
    (tmp_path / "k").mkdir()
    child = os.posix_spawn(
        "/bin/sh",
        ["sh", "-c", f"exec 9>>{tmp_path}/k/journal; flock 9; echo; exec sleep 1000"],
        dict(os.environ),
        file_actions=[(os.POSIX_SPAWN_OPEN, 1, str(tmp_path / "locked"), os.O_WRONLY | os.O_CREAT, 0o600)],
    )
    while not (tmp_path / "locked").exists() or not (tmp_path / "locked").stat().st_size:
        os.sched_yield()
    assert journal.is_alive(str(tmp_path / "k" / "journal"))
    os.kill(child, 9)
    os.waitpid(child, 0)
    assert not journal.is_alive(str(tmp_path / "k" / "journal"))


def test_an_epoch_only_grows(tmp_path: Path) -> None:
    """Broken: after a restart an overtaken daemon is obeyed again."""
    assert read_epoch(str(tmp_path)) == 0
    assert [raise_epoch(str(tmp_path), epoch) for epoch in (3, 2, 3, 5)] == [3, 3, 3, 5]
    assert read_epoch(str(tmp_path)) == 5


@given(st.binary(max_size=200) | st.recursive(st.none() | st.text(), st.lists).map(lambda value: repr(value).encode()))
def test_hostile_requests_are_bad_messages(line: bytes) -> None:
    """Broken: a line on the socket ends the keeper, and all its jobs with it."""
    with pytest.raises(BadMessage):
        parse_message(line)


def test_a_journal_of_an_earlier_keeper_is_read(tmp_path: Path) -> None:
    """Broken: after an upgrade what the last keeper left running is not known."""
    made(tmp_path)
    path = tmp_path / journal.NAME
    path.write_text(path.read_text() + '{"claims":["a"],"epoch":1}\n{"began":"a","pid":7,"ticks":99}\n')
    assert read_journal(str(path)).began == {"a": journal.Began(7, 99, 99)}
