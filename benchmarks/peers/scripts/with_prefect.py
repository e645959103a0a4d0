"""Prefect: a flow that submits a task for each task of the graph and waits for those it needs."""

import os
from pathlib import Path

os.environ |= {
    "PREFECT_HOME": str(Path("home").absolute()),
    "PREFECT_LOGGING_LEVEL": "CRITICAL",
    "PREFECT_LOGGING_SERVER_LEVEL": "CRITICAL",
    "PREFECT_SERVER_ANALYTICS_ENABLED": "false",
    "PREFECT_SERVER_EPHEMERAL_STARTUP_TIMEOUT_SECONDS": "120",
    "DO_NOT_TRACK": "1",
}

from common import needs, timed
from prefect import flow, task
from prefect.task_runners import ThreadPoolTaskRunner

GRAPH = needs()


@task
def node(number):
    return number


@flow
def warm():
    return node(0)


@flow(task_runner=ThreadPoolTaskRunner(max_workers=8))
def everything():
    made = []
    for number, needed in enumerate(GRAPH):
        made.append(node.submit(number, wait_for=[made[need] for need in needed]))
    return [future.result() for future in made]


if __name__ == "__main__":
    assert warm() == 0, "its server is there before anything is timed"
    with timed("build"):
        made = everything()
    assert made == list(range(len(GRAPH))), "Prefect did not succeed"
