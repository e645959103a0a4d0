"""DBOS: a workflow of a durable step for each task, in the order of the graph, since it has no graph of its own."""

import logging

from common import needs, timed
from dbos import DBOS, SetWorkflowID

GRAPH = needs()
DBOS(config={"name": "benchmark", "system_database_url": "sqlite:///dbos.sqlite", "run_admin_server": False})
logging.disable(logging.CRITICAL)


@DBOS.step()
def node(number: int) -> int:
    return number


@DBOS.workflow()
def everything() -> int:
    return sum(1 for number in range(len(GRAPH)) if node(number) == number)


@DBOS.workflow()
def warm() -> int:
    return node(0)


if __name__ == "__main__":
    DBOS.launch()
    assert warm() == 0
    for phase in ("build", "again"):
        with timed(phase), SetWorkflowID("everything"):
            made = everything()
        assert made == len(GRAPH), "DBOS did not succeed"
    DBOS.destroy()
