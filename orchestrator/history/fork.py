"""A fork: a log up to a moment, in a folder of its own, in which it is played on under whatever is configured there.

    DIR/wantd.toml               the configuration, to be changed: pools, retries, the graph of jobs
    DIR/.wantd/original.sqlite   the whole log as it was
    DIR/.wantd/bel.sqlite        the log up to the moment; after a comparison, as it would have gone on
    DIR/.wantd/fork.json         which moment, and what has to be known of where it came from

It stands by itself: neither the original nor any code of jobs is needed to play it, and no engine takes a state
directory that is a fork, so nothing is ever started for it.
"""

import re
from pathlib import Path
from typing import NamedTuple

import msgspec

from bel.head_file import head_file
from bel.memory import MemoryStore
from bel.open import open_reader
from bel.sqlite import SqliteReader, SqliteStore
from bel.stored import StoredLog
from bel.transfer import copy_rows
from orchestrator.catalog import build_catalog
from orchestrator.config import Config, load_config
from orchestrator.config.load import CONFIG_NAME
from orchestrator.history.at import Moment
from orchestrator.history.course import Following, compare_courses
from orchestrator.history.rerun import Rerun
from orchestrator.history.script import Script, read_script
from orchestrator.planning.board import Board
from orchestrator.planning.recipes import Recipes
from orchestrator.runtime.codec import CODEC
from orchestrator.runtime.layout import Layout
from orchestrator.runtime.snapshots import fold_on
from orchestrator.views.shapes import Comparison
from statemachines.events import AnyEvent
from statemachines.ids import Ids, Timestamp
from statemachines.world import World

STATE = ".wantd"


class Fork(msgspec.Struct, frozen=True):
    """Where a fork comes from. ``slots``: of the default pool there, if the configuration does not say."""

    source: str
    seq: int
    at: Timestamp | None
    slots: int


class BadFork(Exception):
    """A folder that is no fork, or cannot become one. ``hint`` says what to do."""

    def __init__(self, why: str, hint: str) -> None:
        super().__init__(f"{why}; {hint}")
        self.why = why
        self.hint = hint


def is_fork(layout: Layout) -> bool:
    """Whether a state directory belongs to a fork: no engine may run there."""
    return _facts(layout).exists()


def begin_fork(config: Config, source: Path, moment: Moment, target: Path) -> Layout:
    """Make the folder of a fork, which must be empty or not there, and say what it is a fork of. Raises BadFork."""
    if target.exists() and (not target.is_dir() or any(target.iterdir())):
        raise BadFork(f"{target} is there already, and it is not touched", "name a folder that is empty or not there")
    layout = Layout((target / STATE).absolute())
    layout.state.mkdir(mode=0o700, parents=True)
    facts = Fork(str(source.absolute()), moment.seq, moment.at, config.pools["default"])
    _facts(layout).write_bytes(msgspec.json.format(msgspec.json.encode(facts)))
    copied = target / CONFIG_NAME
    copied.write_text(_with_state_here(config.source.text), encoding="utf-8")
    found = load_config(copied, cpus=facts.slots).state.absolute()
    if found != layout.state:
        copied.unlink()
        raise BadFork(f"the configuration keeps its state at {found}", f'say state = "{STATE}" on a line of its own')
    return layout


def read_fork(folder: Path) -> "ForkFolder":
    """What the fork in a folder is, with its configuration as it is now. Raises BadFork and ConfigError."""
    layout = Layout((folder / STATE).absolute())
    if not is_fork(layout):
        raise BadFork(f"{folder} is no fork", "make one with: wantd bel fork --at MOMENT DIR")
    fork = msgspec.json.decode(_facts(layout).read_bytes(), type=Fork)
    return ForkFolder(layout, fork, load_config(folder / CONFIG_NAME, cpus=fork.slots))


class ForkFolder(NamedTuple):
    """A fork on disk."""

    layout: Layout
    fork: Fork
    config: Config

    @property
    def moment(self) -> Moment:
        return Moment(self.fork.seq, self.fork.at)


async def copy_logs(source: Path, moment: Moment, layout: Layout) -> None:
    """Copy the log of an application into a fork that was begun: whole, and up to the moment."""
    reader = await SqliteReader.open(source)
    try:
        for path, upto in ((_original(layout), None), (layout.log, moment.seq)):
            store = await SqliteStore.open(path)
            try:
                await copy_rows(reader, store, upto)
            finally:
                await store.close()
    finally:
        await reader.close()


async def play_fork(folder: ForkFolder) -> Comparison:
    """Play a fork on under its configuration, keep the log of that, and say what went otherwise."""
    layout, fork, config = folder
    async with await open_reader(_original(layout), CODEC) as original:
        script = await read_script(original, fork.seq)
        world = World()
        await fold_on(world, original, fork.seq)
        was = Following(folder.moment)
        await was.follow(original)
    board = Board(world, Recipes(build_catalog(config, config.folder, _fingerprints(config, script))))
    board.load()
    rerun = Rerun(board, script, fork.at or Timestamp(0), Ids(f"fork{fork.seq}"))
    would_be = Following(folder.moment)
    await would_be.follow(await _write(layout, fork, rerun))
    return compare_courses(folder.moment, was, would_be, rerun.wants)


async def _write(layout: Layout, fork: Fork, rerun: Rerun) -> StoredLog[AnyEvent]:
    """Play, and put the log of it in the place of the one of the last time, if all went well."""
    memory = MemoryStore()
    reader = await SqliteReader.open(_original(layout))
    try:
        await copy_rows(reader, memory, fork.seq)
    finally:
        await reader.close()
    log = await StoredLog[AnyEvent].open(memory, CODEC)
    for batch in rerun.play():
        await log.append(batch, epoch=0)
    fresh = layout.log.with_name("played.sqlite")
    _remove(fresh)
    store = await SqliteStore.open(fresh)
    try:
        await copy_rows(memory, store)
    finally:
        await store.close()
    _remove(layout.log)
    head_file(fresh).replace(head_file(layout.log))
    fresh.replace(layout.log)
    return log


def _fingerprints(config: Config, script: Script) -> dict[str, str]:
    """The code of each job as it was last run: of a fork the code is not there to be looked at."""
    seen = {attempt.spec.job: attempt.activation.fingerprint for attempt in script.attempts}
    return {job.name: seen.get(job.name, "") for job in config.jobs}


def _with_state_here(text: str) -> str:
    """The configuration, with the state directory in its own folder."""
    return re.sub(r"(?m)^(\s*)state(\s*)=.*$", rf'\1state\2= "{STATE}"', text, count=1)


def _facts(layout: Layout) -> Path:
    return layout.state / "fork.json"


def _original(layout: Layout) -> Path:
    return layout.state / "original.sqlite"


def _remove(log: Path) -> None:
    for path in (log, head_file(log), *(log.with_name(log.name + end) for end in ("-wal", "-shm"))):
        path.unlink(missing_ok=True)
