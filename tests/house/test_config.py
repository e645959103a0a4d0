"""What lies in ``config/`` to be copied can be used as it is."""

from __future__ import annotations

from orchestrator.config import load_config
from tests.house.source import ROOT


def test_the_example_configuration_is_accepted() -> None:
    """Broken: the first file a user copies is refused."""
    config = load_config(ROOT / "config" / "wantd.example.toml", cpus=2)
    assert [job.name for job in config.jobs] == ["daily", "clean", "monthly", "report"]
    assert [external.name for external in config.externals] == ["orders"]
    assert config.pools == {"default": 2, "database": 4}
