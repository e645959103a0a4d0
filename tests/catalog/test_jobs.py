"""Retry policies: how tries and waits are resolved."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from orchestrator.catalog.jobs import Retry, make_retry
from orchestrator.config import FAILURE_CLASSES, RetryTable
from statemachines.failure import FailureClass

NOTHING = RetryTable()


@pytest.mark.parametrize(
    ("own", "general", "failure_class", "tries"),
    [
        (NOTHING, NOTHING, "exit_code", 1),
        (NOTHING, NOTHING, "lost", 3),
        (RetryTable(tries=5), NOTHING, "signal", 5),
        (RetryTable(tries=5), NOTHING, "lost", 3),
        (RetryTable(tries=5, lost=1), RetryTable(lost=9), "lost", 1),
        (RetryTable(tries=5, timeout=2), NOTHING, "timeout", 2),
        (RetryTable(tries=5), RetryTable(timeout=2), "timeout", 5),
        (NOTHING, RetryTable(tries=5, timeout=2), "timeout", 2),
        (NOTHING, RetryTable(tries=5), "bad_report", 5),
        (RetryTable(tries=5), RetryTable(tries=5), "repeated_miss", 1),
    ],
)
def test_tries(own: RetryTable, general: RetryTable, failure_class: FailureClass, tries: int) -> None:
    """A job would be tried more or less often than configured."""
    assert make_retry(own, general).tries_for(failure_class) == tries


def test_every_class_has_tries() -> None:
    """A failure of some class would crash the daemon."""
    assert set(make_retry(NOTHING, NOTHING).tries) == set(FAILURE_CLASSES)


def test_waits_grow_up_to_the_longest() -> None:
    """A failing job would be tried again at once, or never."""
    retry = make_retry(NOTHING, NOTHING)
    assert [retry.backoff_us(failures) // 1_000_000 for failures in range(1, 9)] == [10, 20, 40, 80, 160, 320, 600, 600]


@given(st.integers(0, 10**15), st.floats(1, 1e300), st.integers(0, 10**15), st.integers(1, 10**6))
def test_waits_stay_within_bounds(first: int, factor: float, longest: int, failures: int) -> None:
    """An extreme policy would overflow or wait longer than allowed."""
    retry = Retry({}, first, factor, longest)
    assert min(first, longest) <= retry.backoff_us(failures) <= retry.backoff_us(failures + 1) <= longest
