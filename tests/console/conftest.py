"""One harbour for all tests that only look at it; those that change something open one of their own."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from pathlib import Path

import pytest
import pytest_asyncio

from tests.console.scenes import busy
from tests.console.story import Harbour, harbour
from tests.console.visitor import Visitor


@pytest_asyncio.fixture(loop_scope="package", scope="package")
async def at(tmp_path_factory: pytest.TempPathFactory) -> AsyncGenerator[Harbour]:
    """A harbour in which something has happened."""
    async with harbour(tmp_path_factory.mktemp("harbour")) as opened:
        await busy(opened)
        yield opened
        opened.release()


@pytest_asyncio.fixture(loop_scope="package", scope="package")
async def anna(at: Harbour) -> Visitor:
    """Somebody who may operate."""
    visitor = Visitor(at)
    await visitor.log_in()
    return visitor


@pytest_asyncio.fixture
async def quiet(tmp_path: Path) -> AsyncGenerator[Harbour]:
    """A harbour in which nothing has happened yet."""
    async with harbour(tmp_path) as opened:
        yield opened
