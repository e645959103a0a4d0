"""A house for each test; what was begun in it ends with the test."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.executors.rigs import end_all_keepers
from tests.hurt import house as houses
from tests.hurt.house import House


@pytest.fixture
def house(tmp_path: Path) -> Iterator[House]:
    """An application that nobody serves yet."""
    house = House(tmp_path / "house")
    yield house
    house.let_go()
    houses.end_all()
    end_all_keepers(house.state / "runs" / "keepers")
