"""The world: every entity's state, and indices over them.

``apply`` is the only thing that changes a world, for new entries and for those read back from a log; live state and
replayed state are therefore the same, byte for byte (``digest``). The states are the truth, the indices are redundant
on purpose and are maintained here and nowhere else; ``laws`` recounts them.

Size: about 10^6 partitions. Cost of ``apply``: constant.
Source: design section 3 (laws 3 and 4); style reference, section 6 rule 1.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, MutableMapping, Sequence
from copy import copy
from hashlib import blake2b
from heapq import merge
from itertools import chain, compress, islice
from operator import itemgetter
from typing import NamedTuple, TypeVar

import msgspec

from statemachines import jobrun, partition, want
from statemachines.events import AnyEvent
from statemachines.ids import InstanceId, RunId, WantId
from statemachines.jobrun import JobRun
from statemachines.order import CODES, NONE, RefOrder, Standing
from statemachines.partition import Adopted, Built, BuiltReading, Live, Origin, Partition, Reported
from statemachines.readers import Readers
from statemachines.refs import Ref
from statemachines.roll import Roll
from statemachines.rolls import WANT_CODES, RunRolls
from statemachines.roster import PartitionColumns, Roster, RunColumns, WantColumns, slices
from statemachines.traits import head_of, live_of
from statemachines.want import Want

K = TypeVar("K", bound=str)
V = TypeVar("V")

_IS_UNFINISHED = bytes(code in {CODES[state] for state in partition.UNFINISHED_STATES} for code in range(256))
"""For each code of a state whether an instance in it is unfinished."""


class Holdings:
    """What one environment holds of each ref.

    ``canonical`` is the instance that readers get (Live, or Tainted and refused); ``newest`` the instance made last,
    in whatever state; ``earlier`` leads from an instance to the one of the same ref made before it; ``unfinished`` are
    those that can still move by themselves. ``order`` is there once somebody asked for lists.
    """

    __slots__ = ("canonical", "earlier", "newest", "order", "unfinished")

    def __init__(self) -> None:
        self.canonical: dict[Ref, InstanceId] = {}
        self.newest: dict[Ref, InstanceId] = {}
        self.earlier: dict[InstanceId, InstanceId] = {}
        self.unfinished: dict[InstanceId, None] = {}
        self.order: RefOrder | None = None

    def copy(self) -> Holdings:
        """The same, to go on from by itself."""
        other = Holdings()
        other.canonical, other.newest, other.earlier = self.canonical.copy(), self.newest.copy(), self.earlier.copy()
        other.unfinished = self.unfinished.copy()
        return other

    def add(self, instance: InstanceId, ref: Ref) -> None:
        """An instance came to be."""
        earlier = self.newest.get(ref)
        if earlier is not None:
            self.earlier[instance] = earlier
        self.newest[ref] = instance

    def extend(self, instances: Sequence[InstanceId], refs: Sequence[Ref], codes: bytes, canonical: bytes) -> None:
        """Instances came to be, one after the other, each in the state of its code; canonical is where there is a 1."""
        if len(set(refs)) == len(refs) and self.newest.keys().isdisjoint(refs):
            self.newest.update(zip(refs, instances, strict=True))
        else:
            for instance, ref in zip(instances, refs, strict=True):
                self.add(instance, ref)
        self.canonical.update(compress(zip(refs, instances, strict=True), canonical))
        self.unfinished.update(dict.fromkeys(compress(instances, codes.translate(_IS_UNFINISHED))))

    def instances(self, ref: Ref) -> Iterator[InstanceId]:
        """The instances of a ref, newest first."""
        instance = self.newest.get(ref)
        while instance is not None:
            yield instance
            instance = self.earlier.get(instance)


SORTED_AT_ONCE = 5_000
"""How many entities are put in order without a pause."""


class States(NamedTuple):
    """What a world is made of, as of its seq: it may go on meanwhile. Entities stand as they came to be."""

    seq: int
    wants: Mapping[WantId, Want]
    runs: Mapping[RunId, JobRun]
    partitions: Mapping[InstanceId, Partition]
    canonical: list[list[InstanceId]]
    """The instances that readers get, by environment."""
    seqs: Mapping[str, int]
    """The seq of the newest entry about each."""
    opened: dict[WantId, int]

    def digest(self) -> str:
        """The fingerprint of the world."""
        hasher = blake2b(digest_size=16)
        encode = msgspec.json.Encoder().encode
        hasher.update(encode(self.seq))
        kinds = _sorted(self.wants), _sorted(self.partitions), _sorted(self.runs)
        for entity, state in chain[tuple[str, object]](*kinds):
            hasher.update(encode((entity, self.seqs[entity], state)))
        return hasher.hexdigest()


def _sorted(entities: Mapping[K, V]) -> Iterator[tuple[K, V]]:
    """In the order of their ids; a piece at a time, since sorting a million at once holds up every other thread."""
    rest = iter(entities.items())
    pieces = iter(lambda: list(islice(rest, SORTED_AT_ONCE)), [])
    return merge(*(sorted(piece, key=itemgetter(0)) for piece in pieces), key=itemgetter(0))


class Entities(NamedTuple):
    """What a world is made of, to be looked up: its entities, which may be decoded only then."""

    seq: int
    opened: dict[WantId, int]
    wants: MutableMapping[WantId, Want]
    runs: MutableMapping[RunId, JobRun]
    partitions: MutableMapping[InstanceId, Partition]


Group = tuple[type[Want | Partition | JobRun], str]
"""Entities that are counted together: those in one state, JobRuns of one job apart. The job of others is empty."""


class World:
    """All entities as of ``seq``."""

    def __init__(self) -> None:
        self.seq = 0
        self.wants: MutableMapping[WantId, Want] = {}
        self.partitions: MutableMapping[InstanceId, Partition] = {}
        self.runs: MutableMapping[RunId, JobRun] = {}
        self.seqs: dict[str, int] = {}
        """The seq of the newest entry about each entity."""
        self.opened: dict[WantId, int] = {}
        """For each open want the seq at which it was created or last retried: older failures do not count for it."""
        self.wants_by_key: dict[str, WantId] = {}
        self.want_roll: Roll[WantId] = Roll()
        self.open_runs: dict[RunId, int] = {}
        """The open JobRuns, with their places on the roll of all."""
        self.run_rolls = RunRolls()
        self.slots_held: dict[str, int] = {}
        """How many JobRuns of each job hold slots of their pool."""
        self.numbers: dict[Group, int] = {}
        """How many entities there are of each group that has any."""
        self._want_places: dict[WantId, int] = {}
        self._readers: Readers | None = None
        self._holdings: dict[str, Holdings] = {}

    @classmethod
    def of(cls, entities: Entities, roster: Roster, canonical: bytes) -> World:
        """The world of these entities, which become its own; the indices are made of what the roster says.

        ``canonical`` has a byte for each instance, which is 1 where that is what readers get. Raises ValueError where
        there are not as many as instances, or not as many seqs as entities.
        """
        world = cls()
        world.seq, world.opened, world.wants, world.runs, world.partitions = entities
        for columns in chain[WantColumns | RunColumns | PartitionColumns](*roster):
            world.seqs.update(zip(columns.ids, columns.seqs, strict=True))
        for wants in roster.wants:
            world._want_places.update(zip(wants.ids, world.want_roll.extend(wants.ids, wants.codes), strict=True))
            world.wants_by_key.update(
                (key, wish) for wish, key in zip(wants.ids, wants.keys, strict=True) if key is not None
            )
        for runs in roster.runs:
            world.run_rolls.extend(runs.ids, runs.codes, slices(runs.jobs), slices(runs.wants))
        codes = bytearray()
        for instances in roster.partitions:
            flags = canonical[len(codes) : len(codes) + len(instances.ids)]
            codes += instances.codes
            for environment, part in slices(instances.environments):
                held, are = world.holdings(environment), instances.codes[part]
                held.extend(instances.ids[part], instances.refs[part], are, flags[part])
        if len(codes) != len(canonical):
            raise ValueError("it is not said of each instance whether it is canonical")
        world._sum_up({kind: number for kind, code in CODES.items() if (number := codes.count(code))})
        return world

    def states(self) -> States:
        """All that has to be kept to have this world again. Costs some 30 ns an entity."""
        canonical = [list(holdings.canonical.values()) for holdings in self._holdings.values()]
        entities = copy(self.wants), copy(self.runs), copy(self.partitions)
        return States(self.seq, *entities, canonical, self.seqs.copy(), self.opened.copy())

    def copy(self) -> World:
        """The same world, to go on from by itself. States are shared, being frozen: some 50 ns an entity."""
        other = World()
        other.seq = self.seq
        other.wants, other.partitions, other.runs = copy(self.wants), copy(self.partitions), copy(self.runs)
        other.seqs, other.opened, other.wants_by_key = self.seqs.copy(), self.opened.copy(), self.wants_by_key.copy()
        other.open_runs, other.slots_held = self.open_runs.copy(), self.slots_held.copy()
        other.numbers = self.numbers.copy()
        other.want_roll, other._want_places = self.want_roll.copy(), self._want_places.copy()
        other.run_rolls = self.run_rolls.copy()
        other._holdings = {name: holdings.copy() for name, holdings in self._holdings.items()}
        return other

    def recount(self) -> None:
        """Make the numbers, the rolls, and what is unfinished anew, from the states."""
        self.want_roll, self._want_places, self.run_rolls = Roll(), {}, RunRolls()
        for wish in self.wants.values():
            self._enroll_want(wish)
        for run in self.runs.values():
            self.run_rolls.add(head_of(run), type(run))
        for holdings in self._holdings.values():
            holdings.unfinished.clear()
        for instance, state in self.partitions.items():
            if type(state) in partition.UNFINISHED_STATES:
                self.holdings(state.spec.environment).unfinished[instance] = None
        self._sum_up(Counter(map(type, self.partitions.values())))

    def _sum_up(self, partitions: Mapping[type[Partition], int]) -> None:
        """Make what the rolls tell, and the numbers, with those of partitions."""
        self.open_runs = self.run_rolls.open()
        self.numbers = {(kind, ""): number for kind, number in partitions.items()}
        self.numbers.update(((kind, ""), number) for kind, number in self.want_roll.numbers(WANT_CODES))
        self.numbers.update(self.run_rolls.numbers())
        self.slots_held.clear()
        for (kind, job), number in self.numbers.items():
            if kind in jobrun.STARTED_STATES:
                self.slots_held[job] = self.slots_held.get(job, 0) + number

    def holdings(self, environment: str) -> Holdings:
        found = self._holdings.get(environment)
        if found is None:
            found = self._holdings[environment] = Holdings()
        return found

    def refs_in_order(self, environment: str, refs_max: int) -> RefOrder | None:
        """The refs of an environment in order, kept from the first time on; None if more than so many have changed.

        Then so many were taken in: ask again.
        """
        held = self.holdings(environment)
        if held.order is None:
            held.order = RefOrder(dict.fromkeys(held.newest))
        return held.order if held.order.catch_up(refs_max, lambda ref: self._standing_of(held, ref)) else None

    def readers(self, instances_max: int) -> Readers | None:
        """Who was made from what, kept from the first time on; None if more than so many became Live since.

        Then so many were taken in: ask again.
        """
        if self._readers is None:
            self._readers = Readers(dict.fromkeys(self.partitions))
        return self._readers if self._readers.catch_up(instances_max, self._reads) else None

    @property
    def environments(self) -> tuple[str, ...]:
        return tuple(self._holdings)

    def apply(self, event: AnyEvent, seq: int) -> None:
        """Take in the entry with this seq. Raises IllegalTransition, and then nothing has changed."""
        if seq != self.seq + 1:
            raise ValueError(f"entry {seq} cannot follow entry {self.seq}")
        if isinstance(event, partition.PartitionFact):
            self._apply_partition(event)
        elif isinstance(event, jobrun.JobRunFact):
            self._apply_run(event)
        else:
            self._apply_want(event, seq)
        self.seqs[event.id] = seq
        self.seq = seq

    def reads_of(self, live: Live) -> tuple[InstanceId, ...]:
        """The instances that a Live instance was really made from."""
        match live.origin:
            case Built(run):
                made_by = self.runs[run]
                assert not isinstance(made_by, (jobrun.Buffering, jobrun.Queued, jobrun.Canceled))
                return made_by.activation.inputs
            case BuiltReading(_, reads) | Adopted(_, reads):
                return reads
            case Reported():
                return ()

    def maker_of(self, origin: Origin) -> JobRun | None:
        """The JobRun that made the bytes, or None where they came from outside."""
        match origin:
            case Built(run) | BuiltReading(run, _):
                return self.runs[run]
            case Adopted(source, _):
                live = live_of(self.partitions[source])
                assert live is not None, "what is adopted was Live"
                assert not isinstance(live.origin, Adopted), "what is adopted was built, not adopted itself"
                return self.maker_of(live.origin)
            case Reported():
                return None

    def digest(self) -> str:
        """A fingerprint of every state: equal for two worlds exactly if all their entities are equal."""
        return self.states().digest()

    def _apply_want(self, event: want.AnyWantEvent, seq: int) -> None:
        before = self.wants.get(event.id)
        state = event.enter(before)
        self.wants[event.id] = state
        self._count(before, state)
        if before is None:
            self._enroll_want(state)
        else:
            self.want_roll.codes[self._want_places[event.id]] = WANT_CODES[type(state)]
        if isinstance(event, (want.WantCreated, want.WantRetried)):
            self.opened[event.id] = seq
        elif not isinstance(state, want.Open):
            del self.opened[event.id]
        if isinstance(event, want.WantCreated) and state.spec.idempotency_key is not None:
            self.wants_by_key[state.spec.idempotency_key] = event.id

    def _enroll_want(self, wish: Want) -> None:
        self._want_places[wish.spec.id] = self.want_roll.add(wish.spec.id, WANT_CODES[type(wish)])

    def _apply_partition(self, event: partition.AnyPartitionEvent) -> None:
        before = self.partitions.get(event.id)
        self._put_partition(event.id, before, event.enter(before))

    def _put_partition(self, instance: InstanceId, before: Partition | None, state: Partition) -> None:
        self.partitions[instance] = state
        self._count(before, state)
        holdings = self.holdings(state.spec.environment)
        if before is None:
            holdings.add(instance, state.spec.ref)
        if type(state) in partition.UNFINISHED_STATES:
            holdings.unfinished[instance] = None
        elif before is not None:
            holdings.unfinished.pop(instance, None)
        if isinstance(state, Live):
            holdings.canonical[state.spec.ref] = instance
            if self._readers is not None and not isinstance(before, Live):
                self._readers.changed[instance] = None
        if holdings.order is not None:
            holdings.order.changed[state.spec.ref] = None

    def _reads(self, instance: InstanceId) -> tuple[InstanceId, ...]:
        live = live_of(self.partitions[instance])
        return () if live is None else self.reads_of(live)

    def _standing_of(self, held: Holdings, ref: Ref) -> Standing:
        canonical = held.canonical.get(ref)
        newest = CODES[type(self.partitions[held.newest[ref]])]
        return Standing(newest, NONE if canonical is None else CODES[type(self.partitions[canonical])])

    def _apply_run(self, event: jobrun.AnyJobRunEvent) -> None:
        before = self.runs.get(event.id)
        self._put_run(event.id, before, event.enter(before))

    def _put_run(self, run: RunId, before: JobRun | None, state: JobRun) -> None:
        head = head_of(state)
        self.runs[run] = state
        self._count(before, state, head.job)
        if before is None:
            place = self.run_rolls.add(head, type(state))
        else:
            place = self.open_runs[run]
            self.run_rolls.enter(place, before, head, type(state))
        if type(state) in jobrun.OPEN_STATES:
            self.open_runs[run] = place
        elif before is not None:
            del self.open_runs[run]
        holds, held = type(state) in jobrun.STARTED_STATES, type(before) in jobrun.STARTED_STATES
        if holds is not held:
            number = self.slots_held.pop(head.job, 0) + (1 if holds else -1)
            if number:
                self.slots_held[head.job] = number

    def _count(self, before: Want | Partition | JobRun | None, after: Want | Partition | JobRun, job: str = "") -> None:
        """An entity left one state and entered another."""
        if before is not None:
            left = self.numbers.pop((type(before), job)) - 1
            if left:
                self.numbers[type(before), job] = left
        group = (type(after), job)
        self.numbers[group] = self.numbers.get(group, 0) + 1
