"""What holds of JobRuns: what they make, what they were given, and what led to them."""

from collections.abc import Iterator
from itertools import chain

from statemachines import jobrun, partition
from statemachines.ids import InstanceId, RunId
from statemachines.jobrun import RunSpec
from statemachines.laws.law import Finding, law
from statemachines.laws.lookups import activations, ever_live, name_of, specs
from statemachines.partition import Adopted, BuiltReading
from statemachines.refs import Ref
from statemachines.traits import head_of, live_of
from statemachines.world import World


@law
def outputs_are_distinct(world: World) -> Iterator[Finding]:
    """A JobRun has outputs, each of another ref; each is an instance of that ref and of no other JobRun."""
    owner: dict[InstanceId, RunId] = {}
    for entity, spec in specs(world):
        if not spec.outputs or len({out.ref for out in spec.outputs}) != len(spec.outputs):
            yield entity, "it has no outputs, or two of the same ref"
        for out in spec.outputs:
            state = world.partitions.get(out.instance)
            if state is None or (state.spec.ref, state.spec.environment) != (out.ref, spec.environment):
                yield entity, f"its output {out.instance} is not an instance of {out.ref} in {spec.environment}"
            if owner.setdefault(out.instance, entity) != entity:
                yield entity, f"its output {out.instance} is also that of {owner[out.instance]}"


@law
def queued_outputs_are_building(world: World) -> Iterator[Finding]:
    """What waits for its slots still has all of its outputs to make: each is Building, or was tainted meanwhile."""
    for entity, state in world.runs.items():
        if isinstance(state, jobrun.Queued):
            for out in state.spec.outputs:
                made = world.partitions.get(out.instance)
                if not isinstance(made, partition.Building | partition.Tainted):
                    yield entity, f"it is Queued, but its output {out.instance} is {name_of(made)}"


@law
def what_was_read_was_live(world: World) -> Iterator[Finding]:
    """What a JobRun was given, and what an instance was made from, had become Live."""
    given = ((entity, activation.inputs) for entity, activation in activations(world))
    origins = ((entity, live.origin) for entity, live in ever_live(world))
    read = ((entity, origin.reads) for entity, origin in origins if isinstance(origin, BuiltReading | Adopted))
    for entity, inputs in chain(given, read):
        for source in inputs:
            state = world.partitions.get(source)
            if state is None or live_of(state) is None:
                yield entity, f"it read {source}, which is {name_of(state)} and never was Live"


@law
def no_run_needs_what_it_makes(world: World) -> Iterator[Finding]:
    """No JobRun is given a ref that it makes, and no try in the making is known to need one of its own batch."""
    makes = {entity: {out.ref for out in spec.outputs} for entity, spec in specs(world)}
    for entity, activation in activations(world):
        for source in activation.inputs:
            state = world.partitions.get(source)
            if state is not None and state.spec.ref in makes.get(entity, ()):
                yield entity, f"it was given {source}, an instance of {state.spec.ref}, which it makes"
    for instance, state in world.partitions.items():
        if isinstance(state, partition.Building):
            for needed in sorted(makes.get(state.attempt.run, set[Ref]()).intersection(state.attempt.needs)):
                yield instance, f"it needs {needed}, which its own JobRun {state.attempt.run} makes"


@law
def a_run_has_its_cause(world: World) -> Iterator[Finding]:
    """A JobRun names a want that led to it and, where it is a retry, a JobRun that has ended."""
    for entity, state in world.runs.items():
        head = head_of(state)
        if head.want not in world.wants:
            yield entity, f"it was led to by the want {head.want}, which does not exist"
        if isinstance(head, RunSpec) and head.retries is not None:
            retried = world.runs.get(head.retries)
            if retried is None or isinstance(retried, jobrun.Open):
                yield entity, f"it retries {head.retries}, which is {name_of(retried)}"
