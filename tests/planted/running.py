"""Runs pytest and says at once what failed: what is broken may keep the run from ever coming to its summary.

Started by path with what pytest is to be told. Ends when the tests have ended, also where threads go on.
"""

import os
import sys

import pytest

MARK = "NOTICED "


class Telling:
    """Says which test or file failed, when it does."""

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        self._tell(report)

    def pytest_collectreport(self, report: pytest.CollectReport) -> None:
        self._tell(report)

    def _tell(self, report: pytest.TestReport | pytest.CollectReport) -> None:
        if report.failed:
            print(f"\n{MARK}{report.nodeid}", flush=True)


def main() -> None:
    """Run pytest."""
    code = 1
    try:
        code = int(pytest.main(sys.argv[1:], plugins=[Telling()]))
    finally:
        sys.stdout.flush()
        os._exit(code)


if __name__ == "__main__":
    main()
