"""The loop turns beside whoever uses the engine, and neither outlives the other.

What ends the loop or the runner ends the user too, by canceling it, and is raised in place of that. A turn that has
begun is seen through, also where the user is canceled: a batch that was handed over cannot be taken back.

Source: design section 3 (law 1) and section 6 (appends are shielded).
"""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager

from orchestrator.runtime.loop import Loop
from orchestrator.runtime.mailbox import NoAnswer
from orchestrator.runtime.runner import Runner


@asynccontextmanager
async def turning(loop: Loop, runner: Runner) -> AsyncGenerator[None]:
    """Run the loop beside the body; whatever ends the loop ends the body, and is raised in its place."""
    body = asyncio.current_task()
    assert body is not None, "a context is entered by a task"
    turns = asyncio.ensure_future(loop.run())
    watch = _Watch(body, (turns, runner.failure))
    try:
        try:
            yield
        finally:
            loop.stop()
            await watch.see_through(turns)
    except (asyncio.CancelledError, NoAnswer):
        if watch.failure is None:
            raise
    if watch.failure is not None:
        raise watch.failure


class _Watch:
    """Cancels a task when one of the futures fails."""

    def __init__(self, task: "asyncio.Task[object]", futures: "tuple[asyncio.Future[None], ...]") -> None:
        self._task = task
        self._futures = futures
        self._interrupted = False
        for future in futures:
            future.add_done_callback(self._look)

    @property
    def failure(self) -> BaseException | None:
        """What the first of the futures that failed raised."""
        done = [future for future in self._futures if future.done() and not future.cancelled()]
        return next((error for error in (future.exception() for future in done) if error is not None), None)

    async def see_through(self, turns: "asyncio.Future[None]") -> None:
        """Wait for the last turn, whoever is canceled meanwhile, and watch no more."""
        for future in self._futures:
            future.remove_done_callback(self._look)
        canceled = False
        while True:
            # Waits once in any case: an interruption of our own that did not arrive yet has to arrive here.
            try:
                await asyncio.wait([turns])
            except asyncio.CancelledError:
                canceled = True
            if turns.done():
                break
        if self._interrupted:
            self._task.uncancel()
        elif canceled:
            raise asyncio.CancelledError

    def _look(self, _: "asyncio.Future[None]") -> None:
        if self.failure is not None and not self._interrupted:
            self._interrupted = True
            self._task.cancel()
