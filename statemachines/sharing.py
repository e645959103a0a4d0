"""One object for each text that a world says many times: done to states that were just decoded.

While a daemon runs an id or a ref is one object wherever it stands. Decoding makes a new one each time it is read,
which would double what a partition takes. Nobody else has seen these states yet, so writing into them breaks no
promise; what they say stays the same. It is done to the states in which nearly all entities are once work is done.
"""

from typing import TypeVar, cast

from msgspec.structs import force_setattr

from statemachines import jobrun
from statemachines.ids import InstanceId, RunId
from statemachines.jobrun import Activation, JobRun, RunState
from statemachines.partition import Built, Live, Partition, PartitionSpec
from statemachines.refs import Ref
from statemachines.want import Want

T = TypeVar("T")


class Sharing:
    """What was seen so far, and the entities in which more is found. JobRuns come first."""

    def __init__(self, runs: dict[RunId, JobRun], partitions: dict[InstanceId, Partition]) -> None:
        self._runs = runs
        self._partitions = partitions
        self._seen: dict[object, object] = {}

    def run(self, run: JobRun) -> None:
        """Share what a JobRun has in common with others."""
        if not isinstance(run, RunState):
            return
        spec = run.spec
        force_setattr(spec, "job", self._one(spec.job))
        force_setattr(spec, "environment", self._one(spec.environment))
        force_setattr(spec, "want", self._one(spec.want))
        force_setattr(run, "since", self._one(run.since))
        if isinstance(run, jobrun.Succeeded):
            force_setattr(run, "activation", self._one(run.activation))

    def instance(self, state: Partition, other: InstanceId | None) -> None:
        """Share what an instance has in common with its JobRun, and with another one of the same ref."""
        spec = state.spec
        force_setattr(spec, "environment", self._one(spec.environment))
        force_setattr(state, "since", self._one(state.since))
        if other is not None:
            force_setattr(spec, "ref", self._partitions[other].spec.ref)
        if isinstance(state, Live) and isinstance(state.origin, Built):
            self._output(state.origin, spec)

    def want(self, wish: Want, newest: dict[Ref, InstanceId]) -> None:
        """Share the refs of a want with their instances."""
        found = ((ref, newest.get(ref)) for ref in wish.spec.refs)
        refs = tuple(ref if one is None else self._partitions[one].spec.ref for ref, one in found)
        force_setattr(wish.spec, "refs", refs)

    def inputs(self) -> None:
        """Share the ids of what JobRuns were given, once all instances are there."""
        for one in self._seen:
            if isinstance(one, Activation):
                found = ((read, self._partitions.get(read)) for read in one.inputs)
                force_setattr(one, "inputs", tuple(read if of is None else of.spec.id for read, of in found))

    def _output(self, origin: Built, spec: PartitionSpec) -> None:
        run = self._runs.get(origin.run)
        if not isinstance(run, RunState):
            return
        force_setattr(origin, "run", run.spec.id)
        for output in run.spec.outputs:
            if output.instance == spec.id and output.ref == spec.ref:
                force_setattr(output, "instance", spec.id)
                force_setattr(output, "ref", spec.ref)

    def _one(self, value: T) -> T:
        return cast("T", self._seen.setdefault(value, value))


class Apart(Sharing):
    """Shares nothing: in a small world it costs as much time as all the rest, and saves little."""

    def run(self, run: JobRun) -> None:
        """Leave it as it is."""

    def instance(self, state: Partition, other: InstanceId | None) -> None:
        """Leave it as it is."""

    def want(self, wish: Want, newest: dict[Ref, InstanceId]) -> None:
        """Leave it as it is."""

    def inputs(self) -> None:
        """Leave them as they are."""
