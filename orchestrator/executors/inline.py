"""Runs that are calls in the daemon's own process, on one helper thread, handed over in batches.

For work of microseconds: a no-op costs a few of them. It cannot be interrupted, its output is not captured, and it is
lost with the daemon by nature, so its survey is always empty.
"""

import asyncio
import queue
import threading
import time
from collections.abc import Mapping, Sequence

from orchestrator.executors.base import Fact, InlineStart, RunEnded, RunStarted, Sink, StopRun, Survey
from orchestrator.observations import Exit

_TELL_EVERY_NS = 200_000_000
_MESSAGE_CHARS_MAX = 2000


class InlineExecutor:
    """Runs functions in this process, one at a time, in the order of their starts."""

    def __init__(self) -> None:
        self._ends: dict[str, Exit | None] = {}
        self._stops: set[str] = set()
        self._queue: queue.SimpleQueue[list[InlineStart] | None] = queue.SimpleQueue()
        self._thread: threading.Thread | None = None
        self._loop: asyncio.AbstractEventLoop | None = None
        self._sink: Sink | None = None

    async def open(self, sink: Sink) -> Survey:
        """Begin; nothing is ever left of an earlier daemon."""
        self._loop, self._sink = asyncio.get_running_loop(), sink
        self._thread = threading.Thread(target=self._work, args=(self._loop,), name="wantd-inline", daemon=True)
        self._thread.start()
        return {}

    def start(self, runs: Sequence[InlineStart]) -> None:
        """Queue calls."""
        assert self._loop is not None, "opened before it is used"
        new = [run for run in runs if run.run not in self._ends]
        known = [(run.run, self._ends[run.run]) for run in runs if run.run in self._ends]
        self._ends.update((run.run, None) for run in new)
        self._queue.put(new)
        repeated: list[Fact] = [RunEnded(run, end) for run, end in known if end is not None]
        if repeated:
            self._loop.call_soon(self._deliver, repeated)

    def stop(self, runs: Sequence[StopRun]) -> None:
        """Take back calls that have not begun; the one in progress goes on."""
        self._stops.update(stop.run for stop in runs if stop.run in self._ends)

    def ahead(self) -> Mapping[str, int]:
        """None wait in line: who is started holds its slots, though one call is made at a time."""
        return {}

    def settled(self, runs: Sequence[str]) -> None:
        """Forget runs."""
        for run in runs:
            self._ends.pop(run, None)
        self._stops.difference_update(runs)

    async def close(self) -> None:
        """Wait for the call in progress; those that wait are lost."""
        self._sink = None
        self._stops.update(self._ends)
        self._queue.put(None)
        if self._thread is not None:
            await asyncio.to_thread(self._thread.join)

    def owns(self, run: str) -> bool:
        """Tell if a run was started here and is not settled."""
        return run in self._ends

    def _work(self, loop: asyncio.AbstractEventLoop) -> None:
        while (runs := self._queue.get()) is not None:
            facts: list[Fact] = []
            told_at = time.monotonic_ns()
            for run in runs:
                facts += self._run(run)
                if time.monotonic_ns() - told_at > _TELL_EVERY_NS:
                    loop.call_soon_threadsafe(self._deliver, facts)
                    facts, told_at = [], time.monotonic_ns()
            loop.call_soon_threadsafe(self._deliver, facts)

    def _run(self, start: InlineStart) -> list[Fact]:
        began_us = time.time_ns() // 1000
        if start.run in self._stops:
            end = Exit(kind="canceled", message="asked to stop before it was started", stop_requested=True)
            return [RunEnded(start.run, end)]
        code, message = _call(start)
        end = Exit(
            kind="exit",
            code=code,
            message=message,
            stop_requested=start.run in self._stops,
            started_at_us=began_us,
            ended_at_us=time.time_ns() // 1000,
        )
        return [RunStarted(start.run, began_us, 0), RunEnded(start.run, end)]

    def _deliver(self, facts: Sequence[Fact]) -> None:
        if self._sink is None:
            return
        for fact in facts:
            if isinstance(fact, RunEnded) and fact.run in self._ends:
                self._ends[fact.run] = fact.exit
        if facts:
            self._sink(facts)


def _call(start: InlineStart) -> tuple[int, str]:
    try:
        start.function()
    except SystemExit as error:
        code = error.code or 0
        return (code & 0xFF, "") if isinstance(code, int) else (1, code[:_MESSAGE_CHARS_MAX])
    except BaseException as error:  # noqa: BLE001  whatever a job raises is how it ended, never the end of this thread
        return 1, f"{type(error).__name__}: {error}"[:_MESSAGE_CHARS_MAX]
    return 0, ""
