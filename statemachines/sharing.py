"""One object for each text that a world says many times: done to states that were just decoded.

While a daemon runs an id or a ref is one object wherever it stands. Decoding makes a new one each time it is read,
which would double what a partition takes. Nobody else has seen these states yet, so writing into them breaks no
promise; what they say stays the same. It is done to the states in which nearly all entities are once work is done.
"""

from collections.abc import Iterable, Iterator, Mapping
from typing import TypeVar, cast

from msgspec.structs import force_setattr

from statemachines import jobrun
from statemachines.ids import InstanceId, RunId
from statemachines.jobrun import Activation, JobRun, RunState
from statemachines.partition import Built, Live, Partition, PartitionSpec
from statemachines.want import Want

T = TypeVar("T")


class Sharing:
    """What was seen so far, and the entities in which more is found. JobRuns come first, wants last."""

    def __init__(self, runs: Mapping[RunId, JobRun], partitions: Mapping[InstanceId, Partition]) -> None:
        """Where the JobRuns and the instances will be when it is done with them."""
        self._runs = runs
        self._partitions = partitions
        self._seen: dict[object, object] = {}

    def runs(self, runs: Iterable[JobRun]) -> Iterator[JobRun]:
        """Share what JobRuns have in common with others."""
        for run in runs:
            if isinstance(run, RunState):
                self._run(run)
            yield run

    def partitions(self, partitions: Iterable[Partition]) -> Iterator[Partition]:
        """Share what instances have in common with their JobRuns, and with others of the same ref."""
        for state in partitions:
            spec = state.spec
            force_setattr(spec, "environment", self._one(spec.environment))
            force_setattr(spec, "ref", self._one(spec.ref))
            force_setattr(state, "since", self._one(state.since))
            if isinstance(state, Live) and isinstance(state.origin, Built):
                _share_output(self._runs.get(state.origin.run), state.origin, spec)
            yield state

    def wants(self, wants: Iterable[Want]) -> Iterator[Want]:
        """Share the refs of wants with their instances, and the ids of what JobRuns were given with those."""
        for one in self._seen:
            if isinstance(one, Activation):
                found = ((read, self._partitions.get(read)) for read in one.inputs)
                force_setattr(one, "inputs", tuple(read if of is None else of.spec.id for read, of in found))
        for wish in wants:
            force_setattr(wish.spec, "refs", tuple(self._known(ref) for ref in wish.spec.refs))
            yield wish

    def _run(self, run: RunState) -> None:
        spec = run.spec
        force_setattr(spec, "job", self._one(spec.job))
        force_setattr(spec, "environment", self._one(spec.environment))
        force_setattr(spec, "want", self._one(spec.want))
        force_setattr(run, "since", self._one(run.since))
        if isinstance(run, jobrun.Succeeded):
            force_setattr(run, "activation", self._one(run.activation))

    def _one(self, value: T) -> T:
        return cast("T", self._seen.setdefault(value, value))

    def _known(self, value: T) -> T:
        return cast("T", self._seen.get(value, value))


class Apart(Sharing):
    """Shares nothing: in a small world it costs as much time as all the rest, and saves little."""

    def runs(self, runs: Iterable[JobRun]) -> Iterator[JobRun]:
        """Leave them as they are."""
        return iter(runs)

    def partitions(self, partitions: Iterable[Partition]) -> Iterator[Partition]:
        """Leave them as they are."""
        return iter(partitions)

    def wants(self, wants: Iterable[Want]) -> Iterator[Want]:
        """Leave them as they are."""
        return iter(wants)


def _share_output(run: JobRun | None, origin: Built, spec: PartitionSpec) -> None:
    if not isinstance(run, RunState):
        return
    force_setattr(origin, "run", run.spec.id)
    for output in run.spec.outputs:
        if output.instance == spec.id and output.ref == spec.ref:
            force_setattr(output, "instance", spec.id)
            force_setattr(output, "ref", spec.ref)
