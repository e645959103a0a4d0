"""Logs to ask about, and who answers."""

from __future__ import annotations

from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

from orchestrator.catalog import build_catalog
from orchestrator.config import read_config
from orchestrator.daemon import Application
from orchestrator.runtime.layout import Layout
from orchestrator.sql.answer import answer
from orchestrator.sql.question import Question
from orchestrator.views.shapes import Table
from tests.history.logs import Batch, record, write_log
from tests.model.story import Story


class Told(NamedTuple):
    """A random story, as it lies on the disk."""

    application: Application
    batches: list[Batch]

    @property
    def log(self) -> Path:
        return self.application.layout.log

    @property
    def ends(self) -> list[int]:
        """The seqs at which batches end."""
        return [batch.facts[-1].seq for batch in self.batches]


def application_of(folder: Path, toml: str) -> Application:
    """An application that lies in a folder."""
    config = read_config(folder / "wantd.toml", toml, cpus=2)
    catalog = build_catalog(config, folder, {job.name: job.name for job in config.jobs})
    return Application(config, catalog, Layout(folder))


async def told(folder: Path, seed: int) -> Told:
    """Play a story, and write its log."""
    story = Story(seed)
    batches = record(story.core)
    story.play()
    application = application_of(folder, story.plan.toml())
    await write_log(application.layout.log, batches)
    return Told(application, batches)


async def asked(folder: Path, statement: str, at: str | None = None, limit: int | None = None) -> Table:
    """Answer in this process, without the limits of one of its own."""
    return await answer(Question(str(folder), statement, at, limit), lambda _: None)


@contextmanager
def unchanged(folder: Path) -> Generator[None]:
    """Whatever is done, the files of a folder stay as they are, and no others come."""
    before = _contents(folder)
    yield
    assert _contents(folder) == before


def _contents(folder: Path) -> dict[Path, bytes]:
    """All files but those that say who reads a log."""
    files = (path for path in folder.rglob("*") if path.is_file())
    return {path: path.read_bytes() for path in files if not path.name.endswith(("-shm", "-wal"))}
