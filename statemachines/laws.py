"""The laws that hold across entities, as functions of a world.

A machine says what one entity may do; these say what must be true of all of them together at the end of every batch.
Each law is a pure function that yields what breaks it, so a broken law names its entity and the entry to look at.
They are written for damaged worlds too: a law finds what is missing, it does not stumble over it.

Not here: whether an entry is a legal edge (the fold says that), and what only the catalog or the clock can tell (is an
instance fresh, is a want late). Cost of each law: linear in the world.

Source: seed 004 (global consistency invariants); design section 3 (laws 3, 4, 8) and section 4.
"""

from collections import Counter
from collections.abc import Callable, Iterator
from functools import wraps
from itertools import chain
from typing import NamedTuple, TypeVar

from statemachines import jobrun, partition, want
from statemachines.ids import InstanceId, RunId
from statemachines.jobrun import Activation, JobRun, RunSpec
from statemachines.partition import Adopted, Attempt, Built, BuiltReading, Live, Partition, Reported
from statemachines.refs import Ref
from statemachines.world import Holdings, World, job_of, live_of


class Violation(NamedTuple):
    """What breaks a law: ``entity`` names it, ``seq`` is the newest entry about it (or of the world)."""

    law: str
    entity: str
    seq: int
    text: str


Finding = tuple[str, str]
"""The entity that breaks a law, and how."""

Law = Callable[[World], Iterator[Violation]]

_Key = TypeVar("_Key", bound=str)

_STARTED = (jobrun.Launching, jobrun.Running, jobrun.Canceling)
_MOVING = (partition.Building, partition.UpstreamBuilding, partition.UpForRetry)


def law(find: Callable[[World], Iterator[Finding]]) -> Law:
    """Make a law of a function that yields findings: it signs them with its name and the seq to look at."""

    @wraps(find)
    def signed(world: World) -> Iterator[Violation]:
        for entity, text in find(world):
            yield Violation(find.__name__, entity, world.seqs.get(entity, world.seq), text)

    return signed


def check(world: World) -> Iterator[Violation]:
    """Hold a world against every law. It must be at the end of a batch."""
    return chain.from_iterable(each(world) for each in LAWS)


# ------------------------------------------------------------------------------------------ the indices equal a recount


@law
def every_entity_has_its_seq(world: World) -> Iterator[Finding]:
    """Each entity is filed under its own id and has a newest entry, one that no other entity has, in the log."""
    owner: dict[int, str] = {}
    filed = chain(
        ((key, state.spec.id) for key, state in world.wants.items()),
        ((key, state.spec.id) for key, state in world.partitions.items()),
        ((key, _head(state).id) for key, state in world.runs.items()),
    )
    for key, own in filed:
        seq = world.seqs.get(key, 0)
        if key != own:
            yield key, f"it is filed under {key}, but is {own}"
        if not 1 <= seq <= world.seq:
            yield key, f"its newest entry is {seq}, the log has 1 to {world.seq}"
        elif owner.setdefault(seq, key) != key:
            yield key, f"entry {seq} is also the newest of {owner[seq]}"
    for stray in sorted(world.seqs.keys() - world.wants.keys() - world.partitions.keys() - world.runs.keys()):
        yield stray, "it has a newest entry, but no state"


@law
def open_wants_are_opened(world: World) -> Iterator[Finding]:
    """Exactly the open wants know the entry that created or last retried them."""
    for entity, state in world.wants.items():
        opened = world.opened.get(entity)
        if isinstance(state, want.Open) is not (opened is not None):
            yield entity, f"it is {_name(state)}, and was opened at {opened}"
        elif opened is not None and not 1 <= opened <= world.seqs.get(entity, 0):
            yield entity, f"it was opened at {opened}, after its newest entry"
    for stray in sorted(world.opened.keys() - world.wants.keys()):
        yield stray, "it is opened, but there is no such want"


@law
def a_key_names_one_want(world: World) -> Iterator[Finding]:
    """An idempotency key belongs to one want and leads to it."""
    counted: dict[str, str] = {}
    for entity, state in world.wants.items():
        key = state.spec.idempotency_key
        if key is None:
            continue
        if counted.setdefault(key, entity) != entity:
            yield entity, f"its idempotency key {key!r} is also that of {counted[key]}"
        elif world.wants_by_key.get(key) != entity:
            yield entity, f"its idempotency key {key!r} leads to {world.wants_by_key.get(key)}"
    for key in sorted(world.wants_by_key.keys() - counted.keys()):
        yield world.wants_by_key[key], f"no want has the idempotency key {key!r}"


@law
def holdings_are_in_order(world: World) -> Iterator[Finding]:
    """Each environment knows a ref's newest instance, from each the one before, and the last that became Live."""
    counted = _recount(world)
    for environment, holdings in _holdings(world).items():
        own = counted.pop(environment, Holdings())
        for ref, entity in _difference(own.newest, holdings.newest):
            yield entity, f"it is, or should be, the newest instance of {ref} in {environment}, and the index differs"
        for entity, earlier in _difference(own.earlier, holdings.earlier):
            yield entity, f"it was, or was not, made after {earlier}, and the index differs"
        for ref, entity in _difference(own.canonical, holdings.canonical):
            yield entity, f"it is, or should be, canonical for {ref} in {environment}, and the index differs"
    for environment in counted:
        yield environment, "it has instances, but no index of them"


@law
def open_runs_are_listed(world: World) -> Iterator[Finding]:
    """Exactly the open JobRuns are listed as open."""
    for entity, state in world.runs.items():
        if isinstance(state, jobrun.Open) is not (entity in world.open_runs):
            yield entity, f"it is {_name(state)}, and the list of open JobRuns says otherwise"
    for stray in sorted(world.open_runs.keys() - world.runs.keys()):
        yield stray, "it is listed as open, but there is no such JobRun"


@law
def slots_are_counted(world: World) -> Iterator[Finding]:
    """A job holds one slot for each of its JobRuns that may have a process."""
    holding = Counter(job_of(run) for run in world.runs.values() if isinstance(run, _STARTED))
    for job in sorted(holding.keys() | world.slots_held.keys()):
        if world.slots_held.get(job, 0) != holding[job]:
            yield job, f"{holding[job]} of its JobRuns hold slots, {world.slots_held.get(job, 0)} are counted"


# ---------------------------------------------------------------------------------------------- instances of partitions


@law
def canonical_is_kept(world: World) -> Iterator[Finding]:
    """What readers get is Live, or Tainted and refused with its reason; it is never collected."""
    for holdings in _holdings(world).values():
        for ref, entity in holdings.canonical.items():
            state = world.partitions.get(entity)
            if not isinstance(state, Live | partition.Tainted):
                yield entity, f"it is canonical for {ref}, but is {_name(state)}"


@law
def one_instance_moves(world: World) -> Iterator[Finding]:
    """Of the instances of a ref in an environment only the newest can still move."""
    holdings = _holdings(world)
    for entity, state in world.partitions.items():
        newest = holdings.get(state.spec.environment, Holdings()).newest.get(state.spec.ref)
        if newest != entity and isinstance(state, _MOVING):
            yield entity, f"it is {_name(state)}, but {newest} of the same ref is newer"


@law
def a_try_ends_with_its_run(world: World) -> Iterator[Finding]:
    """While an instance is Building its JobRun has not ended; while it waits for another try, its JobRun has."""
    for entity, state in world.partitions.items():
        if isinstance(state, _MOVING):
            run = world.runs.get(state.attempt.run)
            runs = isinstance(run, (jobrun.Queued, *_STARTED))
            if run is None or runs is not isinstance(state, partition.Building):
                yield entity, f"it is {_name(state)}, but its JobRun {state.attempt.run} is {_name(run)}"


@law
def live_was_made_by_an_ended_run(world: World) -> Iterator[Finding]:
    """What a JobRun made became visible after that JobRun had ended, with its bytes reported by it."""
    for entity, live in _ever_live(world):
        if isinstance(live.origin, Built | BuiltReading):
            run = world.runs.get(live.origin.run)
            if not isinstance(run, jobrun.Succeeded | jobrun.Failed | jobrun.DepMiss):
                yield entity, f"it became Live, but its JobRun {live.origin.run} is {_name(run)}"


@law
def a_run_names_what_it_makes(world: World) -> Iterator[Finding]:
    """An instance that says which JobRun makes or made it is an output of that JobRun."""
    outputs = {(run, out.instance, out.ref) for run, spec in _specs(world) for out in spec.outputs}
    for entity, state in world.partitions.items():
        maker = _maker(state)
        if maker is not None and (maker, entity, state.spec.ref) not in outputs:
            yield entity, f"it names the JobRun {maker}, which does not name it as an output"


@law
def adopted_is_the_same(world: World) -> Iterator[Finding]:
    """An adopted instance has the bytes of an older one of its ref, made from inputs with the same digests."""
    place = {entity: position for position, entity in enumerate(world.partitions)}
    for entity, live in _ever_live(world):
        if not isinstance(live.origin, Adopted):
            continue
        source = live.origin.source
        older = live_of(world.partitions[source]) if source in world.partitions else None
        if older is None or place[source] >= place[entity]:
            yield entity, f"it was adopted from {source}, which was not Live before it"
        elif (older.spec.ref, older.content.digest) != (live.spec.ref, live.content.digest):
            yield entity, f"it was adopted from {source}, which has another ref or digest"
        elif _inputs(world, older) != _inputs(world, live):
            yield entity, f"it was adopted from {source}, which was made from other inputs"


@law
def a_chain_is_unbroken(world: World) -> Iterator[Finding]:
    """A try is the first of its chain, or follows the one that it replaced."""
    for before, state in _in_pairs(world):
        attempt = _attempt(state)
        if attempt is None or attempt.chain == state.spec.id:
            continue
        if not isinstance(before, partition.Replaced) or before.attempt.chain != attempt.chain:
            yield state.spec.id, f"it belongs to the chain {attempt.chain}, but replaced no try of that chain"


@law
def replaced_has_a_successor(world: World) -> Iterator[Finding]:
    """A Replaced instance was followed by the next try of its chain. (What is Live has left its chain.)"""
    followers = {before.spec.id: state for before, state in _in_pairs(world) if before is not None}
    for entity, state in world.partitions.items():
        if isinstance(state, partition.Replaced):
            attempt = _attempt(followers.get(entity))
            if entity not in followers or (attempt is not None and attempt.chain != state.attempt.chain):
                yield entity, f"it was Replaced, but no try of its chain {state.attempt.chain} follows"


@law
def tries_never_fall(world: World) -> Iterator[Finding]:
    """Along a chain tries, lost ones and known needs only grow: a budget can not be won back."""
    for before, state in _in_pairs(world):
        attempt, previous = _attempt(state), _attempt(before)
        if attempt is None or previous is None or attempt.chain != previous.chain:
            continue
        if attempt.tries < previous.tries or attempt.lost < previous.lost:
            yield state.spec.id, f"it counts {attempt.tries} tries and {attempt.lost} lost: fewer than the try before"
        elif not set(previous.needs) <= set(attempt.needs):
            yield state.spec.id, "it has forgotten needs that the try before it knew"


# -------------------------------------------------------------------------------------------------------------- JobRuns


@law
def outputs_are_distinct(world: World) -> Iterator[Finding]:
    """A JobRun has outputs, each of another ref; each is an instance of that ref and of no other JobRun."""
    owner: dict[InstanceId, RunId] = {}
    for entity, spec in _specs(world):
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
                    yield entity, f"it is Queued, but its output {out.instance} is {_name(made)}"


@law
def what_was_read_was_live(world: World) -> Iterator[Finding]:
    """What a JobRun was given, and what an instance was made from, had become Live."""
    given = ((entity, activation.inputs) for entity, activation in _activations(world))
    origins = ((entity, live.origin) for entity, live in _ever_live(world))
    read = ((entity, origin.reads) for entity, origin in origins if isinstance(origin, BuiltReading | Adopted))
    for entity, inputs in chain(given, read):
        for source in inputs:
            state = world.partitions.get(source)
            if state is None or live_of(state) is None:
                yield entity, f"it read {source}, which is {_name(state)} and never was Live"


@law
def no_run_needs_what_it_makes(world: World) -> Iterator[Finding]:
    """No JobRun is given a ref that it makes, and no try in the making is known to need one of its own batch."""
    makes = {entity: {out.ref for out in spec.outputs} for entity, spec in _specs(world)}
    for entity, activation in _activations(world):
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
        head = _head(state)
        if head.want not in world.wants:
            yield entity, f"it was led to by the want {head.want}, which does not exist"
        if isinstance(head, RunSpec) and head.retries is not None:
            retried = world.runs.get(head.retries)
            if retried is None or isinstance(retried, jobrun.Open):
                yield entity, f"it retries {head.retries}, which is {_name(retried)}"


# ---------------------------------------------------------------------------------------------------------------- wants


@law
def a_want_says_what_is_built(world: World) -> Iterator[Finding]:
    """A want is Building only while one of its refs is; and while one is that readers do not get yet, it says so."""
    environments = _holdings(world)
    for entity, state in world.wants.items():
        if not isinstance(state, want.Movable):
            continue
        holdings = environments.get(state.spec.environment, Holdings())
        built = [ref for ref in state.spec.refs if isinstance(_at(world, holdings.newest, ref), partition.Building)]
        missing = [ref for ref in built if not isinstance(_at(world, holdings.canonical, ref), Live)]
        if isinstance(state, want.Building) and not built:
            yield entity, "it is Building, but none of its refs is"
        elif not isinstance(state, want.Building) and missing:
            yield entity, f"it is {_name(state)}, but {missing[0]} is being built for it"


@law
def a_failed_want_says_why(world: World) -> Iterator[Finding]:
    """A want that failed names refs that failed, each with an entry that says so and is older than its own."""
    for entity, state in world.wants.items():
        if isinstance(state, want.Failed | want.UpstreamFailed):
            if not 1 <= len(state.failures) <= min(state.count, want.FAILURES_SHOWN_MAX):
                yield entity, f"it names {len(state.failures)} failed refs and counts {state.count}"
            for failure in state.failures:
                if not 1 <= failure.evidence < world.seqs.get(entity, 0):
                    yield entity, f"entry {failure.evidence} can not be why {failure.ref} failed: it is not older"


@law
def superseded_by_another(world: World) -> Iterator[Finding]:
    """A want that was superseded names the other want that took its place."""
    for entity, state in world.wants.items():
        if isinstance(state, want.Superseded) and (state.by == entity or state.by not in world.wants):
            yield entity, f"it was superseded by {state.by}, which is not another want"


# -------------------------------------------------------------------------------------- what the laws look things up in


def _recount(world: World) -> dict[str, Holdings]:
    """The holdings that follow from the states: instances stand in the world in the order in which they were made."""
    counted: dict[str, Holdings] = {}
    for entity, state in world.partitions.items():
        ref, own = state.spec.ref, counted.setdefault(state.spec.environment, Holdings())
        if ref in own.newest:
            own.earlier[entity] = own.newest[ref]
        own.newest[ref] = entity
        if live_of(state) is not None:
            own.canonical[ref] = entity
    return counted


def _holdings(world: World) -> dict[str, Holdings]:
    """The holdings by environment. (Asking a world for those of an unknown environment would add it.)"""
    return {environment: world.holdings(environment) for environment in world.environments}


def _at(world: World, index: dict[Ref, InstanceId], ref: Ref) -> Partition | None:
    return world.partitions.get(index[ref]) if ref in index else None


def _difference(counted: dict[_Key, InstanceId], indexed: dict[_Key, InstanceId]) -> list[tuple[_Key, InstanceId]]:
    return sorted(counted.items() ^ indexed.items())


def _in_pairs(world: World) -> Iterator[tuple[Partition | None, Partition]]:
    """Each instance, after the one of its ref that was made before it."""
    earlier = {late: early for holdings in _holdings(world).values() for late, early in holdings.earlier.items()}
    for entity, state in world.partitions.items():
        yield (world.partitions.get(earlier[entity]) if entity in earlier else None), state


def _ever_live(world: World) -> Iterator[tuple[InstanceId, Live]]:
    lives = ((entity, live_of(state)) for entity, state in world.partitions.items())
    return ((entity, live) for entity, live in lives if live is not None)


def _attempt(state: Partition | None) -> Attempt | None:
    """How an instance is or was being made, unless it was Live: then its origin says it."""
    match state:
        case None | Live():
            return None
        case partition.Tainted(was=was) | partition.Collected(was=was):
            return _attempt(was)
        case _:
            return state.attempt


def _maker(state: Partition) -> RunId | None:
    """The JobRun that an instance says it is or was made by."""
    attempt, live = _attempt(state), live_of(state)
    if live is not None and isinstance(live.origin, Built | BuiltReading):
        return live.origin.run
    return None if attempt is None else attempt.run


def _inputs(world: World, live: Live) -> set[tuple[Ref, str]]:
    """What an instance was made from, as names and digests."""
    if isinstance(live.origin, Built):
        run = world.runs.get(live.origin.run)
        activation = None if run is None else _activation(run)
        reads = () if activation is None else activation.inputs
    else:
        reads = () if isinstance(live.origin, Reported) else live.origin.reads
    read = (live_of(world.partitions[entity]) for entity in reads if entity in world.partitions)
    return {(source.spec.ref, source.content.digest) for source in read if source is not None}


def _specs(world: World) -> Iterator[tuple[RunId, RunSpec]]:
    """The specs of the JobRuns that were ever queued."""
    heads = ((entity, _head(run)) for entity, run in world.runs.items())
    return ((entity, head) for entity, head in heads if isinstance(head, RunSpec))


def _activation(run: JobRun) -> Activation | None:
    """What it was started with, if its start was ever decided."""
    if isinstance(run, jobrun.Canceled):
        return _activation(run.was)
    return None if isinstance(run, jobrun.Buffering | jobrun.Queued) else run.activation


def _activations(world: World) -> Iterator[tuple[RunId, Activation]]:
    activations = ((entity, _activation(run)) for entity, run in world.runs.items())
    return ((entity, activation) for entity, activation in activations if activation is not None)


def _head(run: JobRun) -> jobrun.Buffering | RunSpec:
    """Where a JobRun says who it is and what led to it."""
    if isinstance(run, jobrun.Canceled):
        return _head(run.was)
    return run if isinstance(run, jobrun.Buffering) else run.spec


def _name(state: object | None) -> str:
    return "not there" if state is None else type(state).__name__


INDEX_LAWS: tuple[Law, ...] = (
    every_entity_has_its_seq,
    open_wants_are_opened,
    a_key_names_one_want,
    holdings_are_in_order,
    open_runs_are_listed,
    slots_are_counted,
)
"""The redundant half of a world: these hold after every single entry."""

LAWS: tuple[Law, ...] = (
    *INDEX_LAWS,
    canonical_is_kept,
    one_instance_moves,
    a_try_ends_with_its_run,
    live_was_made_by_an_ended_run,
    a_run_names_what_it_makes,
    adopted_is_the_same,
    a_chain_is_unbroken,
    replaced_has_a_successor,
    tries_never_fall,
    outputs_are_distinct,
    queued_outputs_are_building,
    what_was_read_was_live,
    no_run_needs_what_it_makes,
    a_run_has_its_cause,
    a_failed_want_says_why,
    superseded_by_another,
)
"""What holds at the end of every batch."""

SETTLED_LAWS: tuple[Law, ...] = (a_want_says_what_is_built,)
"""What holds besides where the loop came to rest, which is not so after a batch that was cut short for its size."""
