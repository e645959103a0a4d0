"""The daemon in the foreground: ready, telling, draining.

SIGTERM or SIGINT drain it: it takes no more commands, finishes the turn, leaves what runs to its keeper, and ends. A
second signal ends the process at once; the next start takes over either way. It tells a service manager that it is
ready, and that it stops, and writes one line of log for each want and each JobRun that comes to an end; none for turns.
"""

from __future__ import annotations

import asyncio
import logging
import os
import signal
import sys
from contextlib import suppress
from typing import TYPE_CHECKING

import structlog

from orchestrator.cli.notify import Manager
from orchestrator.cli.speech import safe
from orchestrator.cli.unit import danger_to_jobs

if TYPE_CHECKING:
    from structlog.typing import EventDict, FilteringBoundLogger, Processor, WrappedLogger

    from orchestrator.api.door import Door
    from orchestrator.cli.session import Session
    from orchestrator.views.shapes import EntryView

TOLD = {
    "WantCreated": logging.INFO,
    "WantSuccessful": logging.INFO,
    "WantFailed": logging.WARNING,
    "WantUpstreamFailed": logging.WARNING,
    "WantCanceled": logging.INFO,
    "WantExpired": logging.WARNING,
    "WantLate": logging.WARNING,
    "WantPaused": logging.INFO,
    "WantResumed": logging.INFO,
    "WantRetried": logging.INFO,
    "JobRunSucceeded": logging.INFO,
    "JobRunFailed": logging.WARNING,
    "JobRunDepMiss": logging.INFO,
    "JobRunLost": logging.WARNING,
    "JobRunCanceled": logging.INFO,
    "PartitionTainted": logging.WARNING,
}
"""The kinds of entries that are worth a line of log."""


async def run_daemon(session: Session) -> None:
    """Run the daemon until a signal asks it to stop."""
    say = _logger()
    stopped = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, _stop_or_leave, stopped, number)
    async with session.parts.daemon(session.config_path()) as door:
        status = await door.status()
        say.info("ready", pid=os.getpid(), application=status.application, state=status.state_directory, seq=status.seq)
        if danger := await asyncio.to_thread(danger_to_jobs, os.environ):
            say.warning("unit", reason=danger)
        telling = asyncio.create_task(_tell(door, status.seq, say))
        async with Manager(os.environ).told_ready():
            await stopped.wait()
        say.info("stopping", seq=(await door.status()).seq)
        telling.cancel()
        with suppress(asyncio.CancelledError):
            await telling
    say.info("stopped")


def _stop_or_leave(stopped: asyncio.Event, number: int) -> None:
    if stopped.is_set():
        os._exit(128 + number)
    stopped.set()


async def _tell(door: Door, after: int, say: FilteringBoundLogger) -> None:
    async for entry in door.tail(after):
        level = TOLD.get(entry.kind)
        if level is not None:
            say.log(level, entry.kind, seq=entry.seq, entity=entry.entity, want=entry.want, **_reason(entry))


def _reason(entry: EntryView) -> dict[str, object]:
    """Pick what says why out of the payload."""
    return {name: entry.event[name] for name in ("reason", "failure", "missing") if entry.event.get(name)}


def _safe(_logger: WrappedLogger, _method: str, told: EventDict) -> EventDict:
    """Show control characters: what comes from jobs and people is never obeyed by a terminal."""
    return {key: safe(value) if isinstance(value, str) else value for key, value in told.items()}


def _logger() -> FilteringBoundLogger:
    colors = not os.environ.get("NO_COLOR")
    for_people: list[Processor] = [_safe, structlog.dev.ConsoleRenderer(colors=colors)]
    rendered = for_people if sys.stderr.isatty() else [structlog.processors.JSONRenderer()]
    structlog.configure(
        processors=[
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True, key="timestamp"),
            *rendered,
        ],
        logger_factory=structlog.PrintLoggerFactory(sys.stderr),
    )
    logger: FilteringBoundLogger = structlog.get_logger()
    return logger
