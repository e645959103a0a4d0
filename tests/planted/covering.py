"""Which test runs which line, and how long each takes: a plugin of pytest, ``-p tests.planted.covering``.

Writes ``$PLANTED_MAP``: for each subject the tests of each line, the tests by number, in the order of their seconds.
What runs in processes of its own is not seen.
"""

import os
from collections.abc import Generator
from pathlib import Path

import coverage
import msgspec
import pytest

from tests.planted.mutants import SUBJECTS


class Map(msgspec.Struct, frozen=True):
    """The tests of each line of each file."""

    tests: list[str]
    seconds: list[float]
    lines: dict[str, dict[int, list[int]]]


class Covering:
    """Watches a run of tests."""

    def __init__(self, map_file: Path) -> None:
        self._map_file = map_file
        self._seconds: dict[str, float] = {}
        self._root = Path.cwd()
        self._coverage = coverage.Coverage(
            data_file=None, source=None, include=[one if one.endswith(".py") else f"{one}/*" for one in SUBJECTS]
        )
        self._coverage.start()

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_protocol(self, item: pytest.Item) -> Generator[None, bool, bool]:
        self._coverage.switch_context(item.nodeid)
        try:
            return (yield)
        finally:
            self._coverage.switch_context("")

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        if not report.skipped:
            self._seconds[report.nodeid] = self._seconds.get(report.nodeid, 0.0) + report.duration

    def pytest_sessionfinish(self) -> None:
        self._coverage.stop()
        data = self._coverage.get_data()
        tests = sorted(self._seconds, key=self._seconds.__getitem__)
        numbers = {test: number for number, test in enumerate(tests)}
        lines: dict[str, dict[int, list[int]]] = {}
        for file in data.measured_files():
            name = str(Path(file).relative_to(self._root))
            by_line = data.contexts_by_lineno(file)
            lines[name] = {
                line: sorted(numbers[test] for test in by if test in numbers) for line, by in by_line.items()
            }
        found = Map(tests, [round(self._seconds[test], 3) for test in tests], lines)
        self._map_file.write_bytes(msgspec.json.encode(found))


def pytest_configure(config: pytest.Config) -> None:
    config.pluginmanager.register(Covering(Path(os.environ["PLANTED_MAP"])), "covering")
