"""What holds of partition instances: which of them move, who made them, and how their tries follow each other."""

from collections.abc import Iterator

from statemachines import jobrun, partition
from statemachines.laws.law import Finding, law
from statemachines.laws.lookups import ever_live, holdings_of, in_pairs, inputs_of, name_of, run_named_by, specs
from statemachines.partition import Adopted, Built, BuiltReading, Live
from statemachines.traits import attempt_of, live_of
from statemachines.world import Holdings, World


@law
def canonical_is_kept(world: World) -> Iterator[Finding]:
    """What readers get is Live, or Tainted and refused with its reason; it is never collected."""
    for holdings in holdings_of(world).values():
        for ref, entity in holdings.canonical.items():
            state = world.partitions.get(entity)
            if not isinstance(state, Live | partition.Tainted):
                yield entity, f"it is canonical for {ref}, but is {name_of(state)}"


@law
def one_instance_moves(world: World) -> Iterator[Finding]:
    """Of the instances of a ref in an environment only the newest can still move."""
    holdings = holdings_of(world)
    for entity, state in world.partitions.items():
        newest = holdings.get(state.spec.environment, Holdings()).newest.get(state.spec.ref)
        if newest != entity and isinstance(state, partition.Unfinished):
            yield entity, f"it is {name_of(state)}, but {newest} of the same ref is newer"


@law
def a_try_ends_with_its_run(world: World) -> Iterator[Finding]:
    """While an instance is Building its JobRun has not ended; while it waits for another try, its JobRun has."""
    for entity, state in world.partitions.items():
        if isinstance(state, partition.Unfinished):
            run = world.runs.get(state.attempt.run)
            runs = isinstance(run, jobrun.Queued | jobrun.Started)
            if run is None or runs is not isinstance(state, partition.Building):
                yield entity, f"it is {name_of(state)}, but its JobRun {state.attempt.run} is {name_of(run)}"


@law
def live_was_made_by_an_ended_run(world: World) -> Iterator[Finding]:
    """What a JobRun made became visible after that JobRun had ended, with its bytes reported by it."""
    for entity, live in ever_live(world):
        if isinstance(live.origin, Built | BuiltReading):
            run = world.runs.get(live.origin.run)
            if not isinstance(run, jobrun.Succeeded | jobrun.Failed | jobrun.DepMiss):
                yield entity, f"it became Live, but its JobRun {live.origin.run} is {name_of(run)}"


@law
def a_run_names_what_it_makes(world: World) -> Iterator[Finding]:
    """An instance that says which JobRun makes or made it is an output of that JobRun."""
    outputs = {(run, out.instance, out.ref) for run, spec in specs(world) for out in spec.outputs}
    for entity, state in world.partitions.items():
        maker = run_named_by(state)
        if maker is not None and (maker, entity, state.spec.ref) not in outputs:
            yield entity, f"it names the JobRun {maker}, which does not name it as an output"


@law
def adopted_is_the_same(world: World) -> Iterator[Finding]:
    """An adopted instance has the bytes of an older one of its ref, made from inputs with the same digests."""
    place = {entity: position for position, entity in enumerate(world.partitions)}
    for entity, live in ever_live(world):
        if not isinstance(live.origin, Adopted):
            continue
        source = live.origin.source
        older = live_of(world.partitions[source]) if source in world.partitions else None
        if older is None or place[source] >= place[entity]:
            yield entity, f"it was adopted from {source}, which was not Live before it"
        elif (older.spec.ref, older.content.digest) != (live.spec.ref, live.content.digest):
            yield entity, f"it was adopted from {source}, which has another ref or digest"
        elif inputs_of(world, older) != inputs_of(world, live):
            yield entity, f"it was adopted from {source}, which was made from other inputs"


@law
def a_chain_is_unbroken(world: World) -> Iterator[Finding]:
    """A try is the first of its chain, or follows the one that it replaced."""
    for before, state in in_pairs(world):
        attempt = attempt_of(state)
        if attempt is None or attempt.chain == state.spec.id:
            continue
        if not isinstance(before, partition.Replaced) or before.attempt.chain != attempt.chain:
            yield state.spec.id, f"it belongs to the chain {attempt.chain}, but replaced no try of that chain"


@law
def replaced_has_a_successor(world: World) -> Iterator[Finding]:
    """A Replaced instance was followed by the next try of its chain. (What is Live has left its chain.)"""
    followers = {before.spec.id: state for before, state in in_pairs(world) if before is not None}
    for entity, state in world.partitions.items():
        if isinstance(state, partition.Replaced):
            attempt = attempt_of(followers.get(entity))
            if entity not in followers or (attempt is not None and attempt.chain != state.attempt.chain):
                yield entity, f"it was Replaced, but no try of its chain {state.attempt.chain} follows"


@law
def tries_never_fall(world: World) -> Iterator[Finding]:
    """Along a chain tries, lost ones and known needs only grow: a budget cannot be won back."""
    for before, state in in_pairs(world):
        attempt, previous = attempt_of(state), attempt_of(before)
        if attempt is None or previous is None or attempt.chain != previous.chain:
            continue
        if attempt.tries < previous.tries or attempt.lost < previous.lost:
            yield state.spec.id, f"it counts {attempt.tries} tries and {attempt.lost} lost: fewer than the try before"
        elif not set(previous.needs) <= set(attempt.needs):
            yield state.spec.id, "it has forgotten needs that the try before it knew"
