"""Jobs that say themselves how their refs are made: the answer is hostile, and asking may take long."""

import sys
import time
from pathlib import Path

import msgspec
import pytest

from orchestrator.executors.base import KeptStart
from orchestrator.runtime import asking
from statemachines.jobrun import Failed
from tests.runtime.rig import Died, Rig

APPLICATION = """
[application]
name = "asking"
[retry]
backoff = "0s"
[[job]]
name = "raw"
outputs = ["raw/{{n:int}}"]
command = ["raw"]
[[job]]
name = "asked"
outputs = ["asked/{{n:int}}"]
command = ["asked"]
configure = {configure}
retry = {{ could_not_start = 2 }}
"""

GOOD_ANSWER = """
import json, sys
refs = sys.argv[1:]
print(json.dumps([{"outputs": refs, "inputs": [{"ref": "raw/1"}], "args": ["hello"], "env": {"WHO": "you"}}]))
"""

LEAVES_A_CHILD = """
import os, time
if os.fork() == 0:
    open("child", "w").write(str(os.getpid()))
    time.sleep(1000)
"""

BAD_ANSWERS = {
    "[]": "has to cover each ref once",
    "nonsense": "not a JSON list",
    '[{"outputs": ["asked/1", "asked/1"]}]': "has to cover each ref once",
    '[{"outputs": ["asked/1", "asked/2"]}]': "has to cover each ref once",
    '[{"outputs": ["../etc"]}]': "..",
    '[{"outputs": ["asked/1"], "inputs": ["raw/1"]}]': "not a JSON list",
    '[{"outputs": ["asked/1"], "extra": 1}]': "extra",
    '[{"outputs": ["asked/1"], "env": {"WHO": "you", "WANTD_OUTPUT": "/etc"}}]': "belong to the job contract",
    "[" * 50_000: "not a JSON list",
}


def rig_with(folder: Path, *configure: str) -> Rig:
    return Rig(folder, APPLICATION.format(configure=msgspec.json.encode(configure).decode()))


def python(code: str) -> tuple[str, ...]:
    return (sys.executable, "-c", code)


async def reason_for_failure(rig: Rig) -> str:
    """Want one ref, and say why it could not be configured, after every try there was."""
    async with rig.life() as life:
        want = await life.want("asked/1")
        await life.until(lambda board: not board.world.opened)
        assert await life.state(want) == "Failed"
        runs = list((await life.engine.board()).world.runs.values())
        assert len(runs) == 2
        last = runs[-1]
        assert isinstance(last, Failed)
        assert last.failure.kind == "could_not_start"
    assert rig.executor.starts == []
    await rig.check()
    return last.failure.reason


@pytest.mark.asyncio
async def test_a_good_answer_says_inputs_arguments_and_environment(tmp_path: Path) -> None:
    """If this fails, jobs that configure themselves are not run as they said."""
    rig = rig_with(tmp_path, *python(GOOD_ANSWER))
    async with rig.life() as life:
        await life.want("asked/1")
        await life.play()
        assert sorted(await life.live()) == ["asked/1", "raw/1"]
    first, second = rig.executor.starts
    assert rig.refs_of(first.run) == ["raw/1"]
    told = rig.told(second.run)
    assert (rig.refs_of(second.run), told.args) == (["asked/1"], ("hello",))
    assert isinstance(second, KeptStart)
    assert second.env["WHO"] == "you"


@pytest.mark.asyncio
async def test_what_is_made_together_is_made_once(tmp_path: Path) -> None:
    """If this fails, a JobConfig with several outputs runs once for each of them, all at the same time."""
    rig = rig_with(tmp_path, *python(GOOD_ANSWER))
    async with rig.life() as life:
        await life.want("asked/1", "asked/2")
        await life.play()
    assert [rig.refs_of(start.run) for start in rig.executor.starts] == [["raw/1"], ["asked/1", "asked/2"]]
    await rig.check()


@pytest.mark.asyncio
async def test_very_many_refs_are_asked_about_in_several_goes(tmp_path: Path) -> None:
    """If this fails, a large want of a job that configures itself is more than an argv can hold: all of it fails."""
    rig = rig_with(tmp_path, *python(GOOD_ANSWER))
    refs = [f"asked/{number}" for number in range(1_200)]
    async with rig.life() as life:
        await life.want(*refs)
        await life.play()
        assert len(await life.live()) == len(refs) + 1
    assert sorted(len(rig.refs_of(start.run)) for start in rig.executor.starts[1:]) == [200, 500, 500]


@pytest.mark.asyncio
async def test_a_crash_forgets_the_answer_and_asks_again(tmp_path: Path) -> None:
    """If this fails, a want whose job was asked by the last daemon waits for ever."""
    rig = rig_with(tmp_path, *python(GOOD_ANSWER))
    for first in (True, False):
        async with rig.ended_by(Died, dies_at=1, written=True) as life:
            if first:
                await life.want("asked/1")
            await life.play()
    async with rig.life() as life:
        await life.play()
        assert sorted(await life.live()) == ["asked/1", "raw/1"]
    assert rig.executor.repeated == []


@pytest.mark.parametrize(("printed", "reason"), list(BAD_ANSWERS.items()), ids=range(len(BAD_ANSWERS)))
@pytest.mark.asyncio
async def test_a_bad_answer_is_an_explained_failure(tmp_path: Path, printed: str, reason: str) -> None:
    """If this fails, a wrong answer of a job ends the daemon, is believed, or is not explained."""
    (tmp_path / "answer").write_text(printed)
    assert reason in await reason_for_failure(rig_with(tmp_path, "sh", "-c", "cat answer"))


@pytest.mark.asyncio
async def test_a_bad_exit_quotes_what_was_said(tmp_path: Path) -> None:
    """If this fails, the author of a job does not learn why it could not be configured."""
    found = await reason_for_failure(rig_with(tmp_path, *python("import sys; sys.exit('the sky is falling')")))
    assert "exit code 1" in found
    assert "the sky is falling" in found


@pytest.mark.asyncio
async def test_an_executable_that_is_not_there_is_named(tmp_path: Path) -> None:
    """If this fails, a misspelt configure ends the daemon, or leaves the user to guess."""
    assert "/no/such/thing" in await reason_for_failure(rig_with(tmp_path, "/no/such/thing"))


@pytest.mark.asyncio
async def test_too_long_an_answer_is_cut_off(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """If this fails, a configure that prints without end fills the memory of the daemon."""
    monkeypatch.setattr(asking, "ANSWER_BYTES_MAX", 10_000)
    assert "more than 10000 bytes" in await reason_for_failure(rig_with(tmp_path, "yes"))


@pytest.mark.parametrize("configure", [python("import time; time.sleep(1000)"), python(LEAVES_A_CHILD)])
@pytest.mark.asyncio
async def test_a_silent_configure_is_given_up(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, configure: tuple[str, ...]
) -> None:
    """If this fails, a configure that hangs, or a child it left, is waited for without end, or goes on for ever."""
    monkeypatch.setattr(asking, "PATIENCE_S", 0.3)
    assert "no answer within 0.3 s" in await reason_for_failure(rig_with(tmp_path, *configure))
    child = tmp_path / "child"
    if child.exists():
        assert is_gone(int(child.read_text()))


def is_gone(pid: int) -> bool:
    """Whether a process has been killed, and is at most a name that nobody has asked about yet."""
    until = time.monotonic() + 5
    while time.monotonic() < until:
        try:
            if Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] in "ZX":
                return True
        except (FileNotFoundError, ProcessLookupError):
            return True
    return False


@pytest.mark.asyncio
async def test_closing_does_not_wait_for_a_silent_configure(tmp_path: Path) -> None:
    """If this fails, a daemon that is told to end hangs for as long as a configure may take."""
    began = time.monotonic()
    rig = rig_with(tmp_path, *python("import os, time; open('child', 'w').write(str(os.getpid())); time.sleep(1000)"))
    async with rig.life() as life:
        await life.want("asked/1")
        while not (tmp_path / "child").exists() or not (tmp_path / "child").read_text():
            await life.turn()
    assert time.monotonic() - began < 10
    assert is_gone(int((tmp_path / "child").read_text()))
