"""luigi: a Task with a LocalTarget for each task of the graph."""

from pathlib import Path

import luigi
from common import last, needs, timed

GRAPH = needs()


class Node(luigi.Task):
    number = luigi.IntParameter()

    def requires(self):
        return [Node(number=need) for need in GRAPH[self.number]]

    def output(self):
        return luigi.LocalTarget(f"made{self.number}")

    def run(self):
        Path(self.output().path).touch()


class Everything(luigi.WrapperTask):
    def requires(self):
        return [Node(number=number) for number in last(GRAPH)]


if __name__ == "__main__":
    for phase in ("build", "again"):
        with timed(phase):
            done = luigi.build([Everything()], local_scheduler=True, workers=1, log_level="ERROR")
        assert done, "luigi did not succeed"
    assert len(list(Path().glob("made*"))) == len(GRAPH)
