"""An event loop without a clock, a selector or threads: virtual time, and the order of what is ready drawn by a seed.

Only ``run_one`` and ``pass_time`` make anything happen, so whoever holds the loop can stop between any two callbacks.
Work for threads is done on the loop a while after it was asked for; an executor with one thread keeps its order. Made
of the public parts of asyncio (Handle, Task, Future), so it behaves alike on every Python.

Source: reference on reliability, section 4 (tests 1 and 2).
"""

import asyncio
import heapq
from collections import deque
from collections.abc import Callable, Generator
from concurrent.futures import Executor, ThreadPoolExecutor
from contextlib import contextmanager
from contextvars import Context, ContextVar
from random import Random
from typing import Any, TypeVar, TypeVarTuple

T = TypeVar("T")
Ts = TypeVarTuple("Ts")
Work = tuple[Callable[[], object], "asyncio.Future[Any]"]

THREAD_S = 2.0
"""The longest that work for a thread takes; mostly it takes far less."""

is_killed: ContextVar[Callable[[], bool]] = ContextVar("is_killed")
"""Whether the process that a task belongs to was killed: then its threads do nothing any more."""


is_stopped: ContextVar[Callable[[], bool]] = ContextVar("is_stopped")
"""Whether the process that a task belongs to is stopped, as by SIGSTOP: then nothing of it is run until it goes on."""


class Killed(Exception):
    """The process that asked for this exists no more."""


class VirtualLoop(asyncio.AbstractEventLoop):
    """Runs callbacks when told to, in an order drawn from ``dice``."""

    def __init__(self, dice: Random) -> None:
        self._dice = dice
        self._now = 0.0
        self._ready: list[asyncio.Handle] = []
        self._put_by: list[asyncio.Handle] = []
        """What is ready but belongs to a process that is stopped."""
        self._timers: list[tuple[float, int, asyncio.TimerHandle]] = []
        self._timers_made = 0
        self._single_threads: dict[Executor, deque[Work]] = {}
        self.complaints: list[str] = []

    @contextmanager
    def running(self) -> Generator[None]:
        """Be the running loop of this thread."""
        asyncio._set_running_loop(self)
        try:
            yield
        finally:
            asyncio._set_running_loop(None)

    @property
    def busy(self) -> bool:
        """Whether anything is ready to be run."""
        return bool(self._ready)

    def run_one(self) -> bool:
        """Run one of the callbacks that are ready, whichever; False where none is."""
        while self._ready:
            at = int(self._dice.random() * len(self._ready))
            self._ready[at], self._ready[-1] = self._ready[-1], self._ready[at]
            handle = self._ready.pop()
            if handle.cancelled():
                continue
            if handle._context.get(is_stopped, _never)():  # type: ignore[attr-defined]  # it has one since 3.7
                self._put_by.append(handle)
                continue
            handle._run()
            return True
        return False

    def go_on(self) -> None:
        """A process that was stopped goes on, or was killed: what was put by is ready again."""
        self._ready += self._put_by
        self._put_by.clear()

    def pass_time(self, until: float) -> bool:
        """Go on to the next timer, if it is not later; else to ``until``, and say so by False."""
        while self._timers and self._timers[0][2].cancelled():
            heapq.heappop(self._timers)
        if not self._timers or self._timers[0][0] > until:
            self._now = max(self._now, until)
            return False
        self._now = max(self._now, self._timers[0][0])
        while self._timers and self._timers[0][0] <= self._now:
            self._ready.append(heapq.heappop(self._timers)[2])
        return True

    # -- what asyncio asks of a loop ------------------------------------------------------------------------------

    def time(self) -> float:
        return self._now

    def call_soon(
        self, callback: Callable[[*Ts], object], *args: *Ts, context: Context | None = None
    ) -> asyncio.Handle:
        handle = asyncio.Handle(callback, args, self, context)
        self._ready.append(handle)
        return handle

    def call_later(
        self, delay: float, callback: Callable[[*Ts], object], *args: *Ts, context: Context | None = None
    ) -> asyncio.TimerHandle:
        return self.call_at(self._now + delay, callback, *args, context=context)

    def call_at(
        self, when: float, callback: Callable[[*Ts], object], *args: *Ts, context: Context | None = None
    ) -> asyncio.TimerHandle:
        handle = asyncio.TimerHandle(when, callback, args, self, context)
        self._timers_made += 1
        heapq.heappush(self._timers, (when, self._timers_made, handle))
        return handle

    def create_future(self) -> "asyncio.Future[Any]":
        return asyncio.Future(loop=self)

    def create_task(self, coro: Any, **options: Any) -> "asyncio.Task[Any]":
        return asyncio.Task(coro, loop=self, **options)

    def run_in_executor(self, executor: Executor | None, func: Callable[[*Ts], T], *args: *Ts) -> "asyncio.Future[T]":
        done = self.create_future()
        takes_s = THREAD_S * self._dice.random() ** 5
        work = (lambda: func(*args), done)
        if isinstance(executor, ThreadPoolExecutor) and executor._max_workers == 1:
            self._single_threads.setdefault(executor, deque()).append(work)
            self.call_later(takes_s, self._do_next, executor)
        else:
            self.call_later(takes_s, _do, work)
        return done

    def get_debug(self) -> bool:
        return False

    def is_running(self) -> bool:
        return True

    def is_closed(self) -> bool:
        return False

    def call_exception_handler(self, context: Any) -> None:
        if not isinstance(context.get("exception"), Killed):
            self.complaints.append(f"{context.get('message')}: {context.get('exception')!r}")

    def _timer_handle_cancelled(self, handle: asyncio.TimerHandle) -> None:
        """Canceled timers are passed over when their time comes."""

    def _do_next(self, thread: Executor) -> None:
        _do(self._single_threads[thread].popleft())


def _never() -> bool:
    return False


def _do(work: Work) -> None:
    function, done = work
    if done.cancelled():
        return
    try:
        if is_killed.get()():
            raise Killed
        done.set_result(function())
    except Exception as error:  # noqa: BLE001 - whoever asked for the work is told
        done.set_exception(error)
