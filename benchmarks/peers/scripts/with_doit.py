"""doit: a task with a target and file dependencies for each task of the graph."""

from pathlib import Path

from common import needs, timed
from doit.cmd_base import ModuleTaskLoader
from doit.doit_cmd import DoitMain

GRAPH = needs()
DOIT_CONFIG = {"backend": "sqlite3", "reporter": "zero", "verbosity": 0}


def make(targets):
    Path(targets[0]).touch()


def task_node():
    for number, needed in enumerate(GRAPH):
        yield {
            "name": str(number),
            "actions": [make],
            "targets": [f"made{number}"],
            "file_dep": [f"made{need}" for need in needed],
            "uptodate": [] if needed else [True],
        }


if __name__ == "__main__":
    tasks = {"task_node": task_node, "DOIT_CONFIG": DOIT_CONFIG}
    for phase in ("build", "again"):
        with timed(phase):
            failed = DoitMain(ModuleTaskLoader(tasks)).run([])
        assert not failed, "doit did not succeed"
    assert len(list(Path().glob("made*"))) == len(GRAPH)
