"""`wantd bel replay`: step by step, as lines and by keys; and snapshots held against a replay."""

from __future__ import annotations

import asyncio
import json
import os
import pty
import shutil
import sqlite3
import struct
import termios
from fcntl import ioctl
from io import StringIO
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
from rich.console import Console

from bel.open import open_reader
from orchestrator.cli.keys import parsed
from orchestrator.cli.player import HELP, WAIT_S_MAX, Player, draw
from orchestrator.history.film import Film
from orchestrator.runtime.codec import CODEC
from orchestrator.views.shapes import EntryFilter
from tests.cli.kit import as_json, here, make_application, start, wantd


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An application in which something was built."""
    app = make_application(tmp_path_factory.mktemp("replay") / "app")
    assert wantd(app, "build", "sum").returncode == 0
    return app


def steps(app: Path, *arguments: str) -> list[dict[str, Any]]:
    done = here(app, "bel", "replay", "--json", *arguments)
    assert done.returncode == 0, done.stderr
    return [json.loads(line) for line in done.stdout.splitlines()]


def seqs(found: list[dict[str, Any]]) -> list[int]:
    return [step["entry"]["seq"] for step in found]


def test_each_step_is_a_line_with_both_states(built: Path) -> None:
    """Broken: a program cannot follow how entities changed."""
    found = steps(built)
    assert seqs(found) == list(range(1, len(found) + 1))
    assert (found[0]["before"], found[0]["after"]["state"]) == (None, "Idle")
    last: dict[str, object] = {}
    for step in found:
        entity = step["entry"]["entity"]
        assert step["before"] == last.get(entity)
        last[entity] = step["after"]
    lines = here(built, "bel", "replay").stdout.splitlines()
    assert len(lines) == len(found)
    assert "nothing -> Idle" in lines[0]


def test_steps_are_chosen_and_told_backwards(built: Path) -> None:
    """Broken: one entity cannot be followed, or the way back is another one."""
    everything = steps(built)
    assert steps(built, "--backwards") == everything[::-1]
    want = everything[0]["entry"]["entity"]
    mine = steps(built, "--entity", str(want), "--kind", "PartitionLive")
    assert len(mine) == 3
    entries = [step["entry"] for step in everything]
    inside = next(one for one, after in pairwise(entries) if one["batch"] == after["batch"] > 1)
    assert steps(built, "--until", str(inside["seq"])) == everything[: inside["batch"] - 1]
    assert here(built, "bel", "replay", "--until", "99999").returncode == 66
    assert here(built, "bel", "replay", "--until", "lunch").returncode == 65
    assert here(built, "bel", "replay", "--speed", "0").returncode == 2


def test_it_says_where_it_ended(built: Path) -> None:
    """Broken: the sum of a replay is not what is there."""
    done = here(built, "bel", "replay", "--kind", "WantSuccessful")
    assert "wants: 1 Successful" in done.stderr
    assert "partitions: 3 Live" in done.stderr
    assert "nothing is there" in here(built, "bel", "replay", "--until", "0").stderr


def test_a_speed_is_kept(built: Path) -> None:
    """Broken: --speed waits for what never comes, or changes what is told."""
    assert steps(built, "--speed", "1000000") == steps(built)


def test_snapshots_are_held_against_a_replay(built: Path, tmp_path: Path) -> None:
    """Broken: a snapshot that is not what it claims is called sound."""
    app = Path(shutil.copytree(built, tmp_path / "app", ignore=shutil.ignore_patterns("keepers")))
    assert here(app, "bel", "snapshot", "make").returncode == 0
    (proof,) = as_json(app, "bel", "snapshot", "check")
    assert proof["verdict"] == "sound"
    connection = sqlite3.connect(app / ".wantd" / "bel.sqlite")
    connection.execute("UPDATE snapshot SET body = substr(body, 1, 100)")
    connection.commit()
    connection.close()
    assert as_json(app, "bel", "snapshot", "check")[0]["verdict"] == "not_of_this_log"


async def player(app: Path, chosen: EntryFilter, keys: str) -> tuple[Player, str]:
    """Press keys, and give what is shown at the end."""
    async with await open_reader(app / ".wantd" / "bel.sqlite", CODEC) as log:
        found = Player(Film(log, log.head.seq), chosen, None)
        await found.forward()
        for key in keys.split():
            assert await found.press(key)
        out = StringIO()
        Console(file=out, width=90, height=24, no_color=True).print(draw(found, 24, 90))
        assert len(out.getvalue().splitlines()) <= 24
        return found, out.getvalue()


@pytest.mark.parametrize(
    ("keys", "seq"),
    [("right right", 3), ("right left", 1), ("left left left", 0), ("down up", 0), ("home n", 1), ("end p n", -1)],
)
def test_keys_wind_the_log(built: Path, keys: str, seq: int) -> None:
    """Broken: a key leads somewhere else than it says."""
    found, shown = asyncio.run(player(built, EntryFilter(), keys))
    assert found.film.seq == (seq if seq >= 0 else found.film.end)
    assert HELP[:40] in shown
    assert ("before the first entry" in shown) is (seq == 0)


def test_one_entity_or_kind_can_be_followed(built: Path) -> None:
    """Broken: whoever follows one entity is shown others, or cannot get back."""
    found, shown = asyncio.run(player(built, EntryFilter(), "right right e right right"))
    assert found.step is not None
    assert found.chosen.entity in {found.step.entry.event.id, found.step.entry.correlation}
    assert f"only {found.chosen.entity}" in shown
    kinds, _ = asyncio.run(player(built, EntryFilter(kind="PartitionLive"), "right right right right"))
    assert kinds.step is not None
    assert type(kinds.step.entry.event).__name__ == "PartitionLive"
    again, _ = asyncio.run(player(built, EntryFilter(), "right e right e"))
    assert again.chosen == EntryFilter()


def test_playing_goes_on_by_itself_and_stops(built: Path) -> None:
    """Broken: a replay that plays stands still, runs away, or never stops."""

    async def played() -> tuple[float | None, float | None, bool]:
        async with await open_reader(built / ".wantd" / "bel.sqlite", CODEC) as log:
            found = Player(Film(log, log.head.seq), EntryFilter(), 2.0)
            first = await found.pause_s()
            await found.press("space")
            stopped = await found.pause_s()
            await found.press("end")
            await found.press("space")
            await found.press("+")
            assert found.speed == 4
            return first, stopped, await found.forward() or found.playing

    first, stopped, goes_on = asyncio.run(played())
    assert first is not None
    assert 0 < first <= WAIT_S_MAX
    assert (stopped, goes_on) == (None, False)


def test_what_terminals_send_is_read_as_keys() -> None:
    """Broken: an arrow is taken for Escape, and leaves."""
    assert parsed(b"\x1b[C\x1b[Dq \x1b[5~x") == ["right", "left", "q", "space", "up", "x"]
    assert parsed(b"\x1b") == ["escape"]


def test_the_terminal_is_as_before(built: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Broken: after a replay a terminal shows no more what is typed."""
    monkeypatch.setenv("TERM", "xterm-256color")
    ours, theirs = pty.openpty()
    ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", 24, 80, 0, 0))
    before = termios.tcgetattr(theirs)
    process = start(built, "bel", "replay", terminal=theirs)
    shown = b""
    while HELP[:20].encode() not in shown:
        shown += os.read(ours, 4096)
    os.write(ours, b"\x1b[F")
    while b"WantSuccessful" not in shown:
        shown += os.read(ours, 4096)
    os.write(ours, b"q")
    while b"\x1b[?1049l" not in shown:
        shown += os.read(ours, 4096)
    assert process.wait(timeout=30) == 0
    assert termios.tcgetattr(theirs) == before
    os.close(theirs)
    os.close(ours)
