"""The redundant half of a world equals a recount."""

from collections import Counter
from collections.abc import Iterator
from itertools import chain

from statemachines import jobrun, want
from statemachines.laws.law import Finding, law
from statemachines.laws.lookups import difference, holdings_of, name_of, recount
from statemachines.traits import head_of
from statemachines.world import Group, Holdings, World


@law
def every_entity_has_its_seq(world: World) -> Iterator[Finding]:
    """Each entity is filed under its own id and has a newest entry, one that no other entity has, in the log."""
    owner: dict[int, str] = {}
    filed = chain(
        ((key, state.spec.id) for key, state in world.wants.items()),
        ((key, state.spec.id) for key, state in world.partitions.items()),
        ((key, head_of(state).id) for key, state in world.runs.items()),
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
            yield entity, f"it is {name_of(state)}, and was opened at {opened}"
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
    """Each environment knows a ref's newest instance, from each the one before, the last that was Live, what moves."""
    counted = recount(world)
    for environment, holdings in holdings_of(world).items():
        own = counted.pop(environment, Holdings())
        for ref, entity in difference(own.newest, holdings.newest):
            yield entity, f"it is, or should be, the newest instance of {ref} in {environment}, and the index differs"
        for entity, earlier in difference(own.earlier, holdings.earlier):
            yield entity, f"it was, or was not, made after {earlier}, and the index differs"
        for ref, entity in difference(own.canonical, holdings.canonical):
            yield entity, f"it is, or should be, canonical for {ref} in {environment}, and the index differs"
        for entity in sorted(own.unfinished.keys() ^ holdings.unfinished.keys()):
            yield entity, f"it can, or cannot, still move by itself in {environment}, and the index differs"
    for environment in counted:
        yield environment, "it has instances, but no index of them"


@law
def open_runs_are_listed(world: World) -> Iterator[Finding]:
    """Exactly the open JobRuns are listed as open."""
    for entity, state in world.runs.items():
        if isinstance(state, jobrun.Open) is not (entity in world.open_runs):
            yield entity, f"it is {name_of(state)}, and the list of open JobRuns says otherwise"
    for stray in sorted(world.open_runs.keys() - world.runs.keys()):
        yield stray, "it is listed as open, but there is no such JobRun"


@law
def slots_are_counted(world: World) -> Iterator[Finding]:
    """A job holds one slot for each of its JobRuns that may have a process."""
    holding = Counter(head_of(run).job for run in world.runs.values() if isinstance(run, jobrun.Started))
    for job in sorted(holding.keys() | world.slots_held.keys()):
        if world.slots_held.get(job, 0) != holding[job]:
            yield job, f"{holding[job]} of its JobRuns hold slots, {world.slots_held.get(job, 0)} are counted"


@law
def states_are_counted(world: World) -> Iterator[Finding]:
    """Each group of entities has as many as are counted."""
    found: Counter[Group] = Counter(
        (type(state), "") for state in chain(world.wants.values(), world.partitions.values())
    )
    found.update((type(run), head_of(run).job) for run in world.runs.values())
    for state, job in sorted(found.keys() | world.numbers.keys(), key=lambda group: (group[0].__name__, group[1])):
        counted = world.numbers.get((state, job), 0)
        if counted != found[state, job]:
            yield job or state.__name__, f"{found[state, job]} are {state.__name__}, {counted} are counted"
