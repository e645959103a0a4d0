"""Making a fork and playing it, with what is refused in the words of the command line."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from bel.open import open_reader
from orchestrator.cli.failures import CliError, Exit
from orchestrator.cli.steps import moment_in
from orchestrator.history.fork import BadFork, begin_fork, copy_logs, play_fork, read_fork
from orchestrator.runtime.codec import CODEC

if TYPE_CHECKING:
    from pathlib import Path

    from orchestrator.config import Config
    from orchestrator.history.at import Moment
    from orchestrator.views.shapes import Comparison


def fork_at(config: Config, log: Path, moment: str, folder: Path) -> None:
    """Fork a log at a moment into a folder."""
    found = asyncio.run(_found(log, moment))
    try:
        layout = begin_fork(config, log, found, folder)
    except BadFork as error:
        raise CliError(Exit.NOT_ALLOWED, error.why, error.hint) from None
    asyncio.run(copy_logs(log, found, layout))


def compared(folder: Path) -> Comparison:
    """Play the fork in a folder."""
    try:
        return asyncio.run(play_fork(read_fork(folder)))
    except BadFork as error:
        raise CliError(Exit.NOTHING_THERE, error.why, error.hint) from None


async def _found(log: Path, moment: str) -> Moment:
    async with await open_reader(log, CODEC) as reader:
        return await moment_in(reader, moment)
