"""The page that Prometheus reads: everything about one engine and its process, from a registry of its own."""

import asyncio
from collections.abc import AsyncGenerator, Callable, Sequence
from contextlib import asynccontextmanager, suppress
from typing import NamedTuple, Protocol

from prometheus_client import CollectorRegistry, Histogram, ProcessCollector, disable_created_metrics
from prometheus_client.exposition import choose_encoder

from bel.log import ReadableLog
from orchestrator.exporters.meter import SHORT_S, PrometheusMeter
from orchestrator.exporters.readings import Moment, Outlet, Readings
from orchestrator.planning.board import Board
from orchestrator.runtime.clock import Clock, SystemClock
from orchestrator.runtime.layout import Layout
from statemachines.events import AnyEvent
from statemachines.ids import Timestamp

LAG_EVERY_S = 1.0
"""How often it is measured how late the event loop is."""


class Engine(Protocol):
    """What the page asks of a running engine."""

    @property
    def log(self) -> ReadableLog[AnyEvent]: ...

    @property
    def read_only(self) -> str | None: ...

    async def board(self) -> Board:
        """The board, showing committed state only."""
        ...


class Page(NamedTuple):
    """What is sent to whoever scrapes."""

    content_type: str
    body: bytes


class _Taken(NamedTuple):
    """A snapshot: its seq, and when the entry with that seq was written."""

    seq: int
    at: Timestamp


_NOTHING_TAKEN = _Taken(0, Timestamp(0))


class Metrics:
    """The numbers of one engine. ``meter`` is for its loop."""

    def __init__(self, layout: Layout, clock: Clock | None = None) -> None:
        # A series more for each that counts, and nobody reads them.
        disable_created_metrics()  # type: ignore[no-untyped-call]  # the one function there without types
        self._clock = clock or SystemClock()
        self._registry = CollectorRegistry()
        self._readings = Readings(layout)
        self._registry.register(self._readings)
        ProcessCollector(registry=self._registry)
        self._snapshot = _NOTHING_TAKEN
        self.outlets: Callable[[], Sequence[Outlet]] = tuple
        """Says how far others have been told."""
        self.meter = PrometheusMeter(self._registry)
        self._lag = Histogram(
            "wantd_loop_lag_seconds",
            "How late the event loop was, measured once a second.",
            buckets=SHORT_S,
            registry=self._registry,
        )

    async def render(self, engine: Engine, accept: str, /) -> Page:
        """Write everything down, as it stands now, in the form that was asked for."""
        newest = await self._newest_snapshot(engine.log)
        board = await engine.board()
        self._readings.moment = Moment(
            world=board.world,
            catalog=board.recipes.catalog,
            now=self._clock.now(),
            read_only=engine.read_only is not None,
            newest_snapshot=newest.seq,
            snapshot_at=newest.at,
            outlets=self.outlets(),
        )
        encode, content_type = choose_encoder(accept)
        return Page(content_type, encode(self._registry))

    async def _newest_snapshot(self, log: ReadableLog[AnyEvent]) -> _Taken:
        """The newest snapshot; the entry that it was taken at is looked up once."""
        found = await log.snapshots()
        seq = found[-1].seq if found else 0
        if seq != self._snapshot.seq:
            async for (entry,) in log.read(after=seq - 1, upto=seq):
                self._snapshot = _Taken(seq, Timestamp(entry.at))
        return self._snapshot if found else _NOTHING_TAKEN

    @asynccontextmanager
    async def watching_lag(self) -> AsyncGenerator[None]:
        """Measure for as long as the context is open how late the event loop is."""
        watch = asyncio.create_task(self._watch_lag())
        try:
            yield
        finally:
            watch.cancel()
            with suppress(asyncio.CancelledError):
                await watch

    async def _watch_lag(self) -> None:
        clock = asyncio.get_running_loop().time
        while True:
            due = clock() + LAG_EVERY_S
            await asyncio.sleep(LAG_EVERY_S)
            self._lag.observe(max(0.0, clock() - due))
