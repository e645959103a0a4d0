"""Pumps that do not take their time."""

import pytest

from orchestrator.outward import pump


@pytest.fixture(autouse=True)
def _impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pump, "GATHER_S", 0.01)
    monkeypatch.setattr(pump, "LOOK_S", 0.05)
    monkeypatch.setattr(pump, "BACKOFF_S", 0.02)
    monkeypatch.setattr(pump, "BACKOFF_MAX_S", 0.1)
