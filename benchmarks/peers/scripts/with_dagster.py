"""Dagster: an asset for each task of the graph, materialized by one run in this process on a SQLite instance."""

import logging
import os
import warnings
from pathlib import Path

HOME = Path("home").absolute()
HOME.mkdir()
(HOME / "dagster.yaml").write_text("telemetry:\n  enabled: false\n")
os.environ["DAGSTER_HOME"] = str(HOME)
warnings.filterwarnings("ignore")

import dagster  # noqa: E402 - it looks for its home when it is imported
from common import needs, timed  # noqa: E402


def node(number, needed):
    @dagster.asset(name=f"made{number}", deps=[f"made{need}" for need in needed])
    def made() -> None:
        return None

    return made


if __name__ == "__main__":
    logging.disable(logging.CRITICAL)
    nodes = [node(number, needed) for number, needed in enumerate(needs())]
    with dagster.DagsterInstance.get() as instance:
        with timed("build"):
            run = dagster.materialize(nodes, instance=instance)
        assert run.success, "Dagster did not succeed"
