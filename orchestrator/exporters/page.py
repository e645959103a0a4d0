"""The page that Prometheus reads: everything about one engine and its process, from a registry of its own."""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager, suppress
from typing import NamedTuple, Protocol

from prometheus_client import CollectorRegistry, Histogram, ProcessCollector, disable_created_metrics
from prometheus_client.exposition import choose_encoder

from bel.log import ReadableLog
from orchestrator.exporters.meter import SHORT_S, PrometheusMeter
from orchestrator.exporters.readings import Moment, Readings
from orchestrator.planning.board import Board
from orchestrator.runtime.clock import Clock, SystemClock
from orchestrator.runtime.layout import Layout
from statemachines.events import AnyEvent

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
        self.meter = PrometheusMeter(self._registry)
        self._lag = Histogram(
            "wantd_loop_lag_seconds",
            "How late the event loop was, measured once a second.",
            buckets=SHORT_S,
            registry=self._registry,
        )

    async def render(self, engine: Engine, accept: str, /) -> Page:
        """Write everything down, as it stands now, in the form that was asked for."""
        newest = await engine.log.snapshots()
        board = await engine.board()
        self._readings.moment = Moment(
            world=board.world,
            catalog=board.recipes.catalog,
            now=self._clock.now(),
            read_only=engine.read_only is not None,
            newest_snapshot=newest[-1].seq if newest else 0,
        )
        encode, content_type = choose_encoder(accept)
        return Page(content_type, encode(self._registry))

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
