"""The outlets that a configuration names, running beside an engine."""

import asyncio
from collections.abc import AsyncGenerator, Iterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Protocol

from orchestrator.catalog import Catalog
from orchestrator.config import Config, OpenlineageTable, OpentelemetryTable
from orchestrator.outward.carriers import ConsoleCarrier, FileCarrier, HttpCarrier
from orchestrator.outward.credentials import one_body, signed, with_token
from orchestrator.outward.cursor import CursorFile
from orchestrator.outward.messages import Carrier
from orchestrator.outward.openlineage import OpenLineage
from orchestrator.outward.posting import Poster
from orchestrator.outward.pump import Engine as PumpedEngine
from orchestrator.outward.pump import Facts, Outlet, Pump
from orchestrator.outward.traces import Traces
from orchestrator.outward.webhooks import Webhooks
from orchestrator.runtime.clock import Clock, SystemClock
from orchestrator.runtime.layout import Layout
from statemachines.ids import SECOND_US


class Application(Protocol):
    """An application as its configuration describes it."""

    @property
    def config(self) -> Config: ...

    @property
    def catalog(self) -> Catalog: ...

    @property
    def layout(self) -> Layout: ...


class Engine(PumpedEngine, Protocol):
    """A running engine."""

    @property
    def application(self) -> Application: ...


class Telling:
    """The outlets of a daemon, at work."""

    def __init__(self, pumps: tuple[Pump, ...]) -> None:
        self._pumps = pumps

    def facts(self) -> tuple[Facts, ...]:
        """How each is doing."""
        return tuple(pump.facts for pump in self._pumps)


@asynccontextmanager
async def telling(engine: Engine, clock: Clock | None = None) -> AsyncGenerator[Telling]:
    """Tell everybody who is configured, for as long as the context is open. Raises ConfigError where that cannot be."""
    pumps = tuple(Pump(outlet, engine) for outlet in _outlets(engine.application, clock or SystemClock()))
    for pump in pumps:
        await pump.enrol()
    tasks = [asyncio.create_task(pump.run()) for pump in pumps]
    try:
        yield Telling(pumps)
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


def _outlets(application: Application, clock: Clock) -> Iterator[Outlet]:
    outward, folder = application.config.outward, application.config.folder
    for hook in outward.webhook:
        sink = Webhooks(application.catalog.name, hook.states)
        wrap = signed(_path(folder, hook.secret), clock)
        carrier = HttpCarrier(Poster(hook.url, hook.timeout / SECOND_US), wrap)
        yield Outlet(hook.name, sink, carrier, CursorFile(application.layout.outward, hook.name))
    if outward.openlineage is not None:
        yield _lineage(outward.openlineage, application)
    if outward.opentelemetry is not None:
        yield _traces(outward.opentelemetry, application)


def _lineage(table: OpenlineageTable, application: Application) -> Outlet:
    catalog, folder = application.catalog, application.config.folder
    sink = OpenLineage(table.namespace or catalog.name, catalog)
    place = CursorFile(application.layout.outward, "openlineage")
    return Outlet("openlineage", sink, _lineage_carrier(table, folder), place)


def _traces(table: OpentelemetryTable, application: Application) -> Outlet:
    """Raises ConfigError where the extra is not installed."""
    try:
        from orchestrator.outward import otlp
    except ModuleNotFoundError as error:
        why, hint = f"traces need the extra otel ({error})", "install it: pip install 'wantd[otel]'"
        raise application.config.source.error(("outward", "opentelemetry"), why, hint) from error
    catalog, folder = application.catalog, application.config.folder
    wrap = with_token(_path(folder, table.token), otlp.CONTENT_TYPE, otlp.Packer(catalog.name).pack)
    carrier = HttpCarrier(Poster(table.url, table.timeout / SECOND_US), wrap, otlp.SPANS_MAX)
    place = CursorFile(application.layout.outward, "opentelemetry")
    return Outlet("opentelemetry", Traces(catalog, otlp.encode), carrier, place)


def _lineage_carrier(table: OpenlineageTable, folder: Path) -> Carrier:
    if table.file == "-":
        return ConsoleCarrier()
    if table.file is not None:
        return FileCarrier(folder / table.file)
    assert table.url is not None, "the configuration was checked"
    wrap = with_token(_path(folder, table.token), "application/json", one_body)
    return HttpCarrier(Poster(table.url, table.timeout / SECOND_US), wrap)


def _path(folder: Path, name: str | None) -> Path | None:
    return None if name is None else folder / name
