"""A reference model of demand: slow, recursive, without increments, written from the text of design section 4.

``picture`` turns a world into plain dictionaries by scanning it; ``Model`` answers from the picture and the plan of an
application, looking at everything each time. Where the text leaves room, this is how it is read here:

- a ref that nobody makes counts as upfailed, and what comes from outside is waited for, never ready;
- what a stale instance read is needed again only where its job is dynamic (section 7: a hint for the next plan);
- priority is inherited through what some want still hopes for, even from a want that has given it up;
- what nobody demands is not looked through: a ``query`` input that nobody wants is waited for, and fails only itself.
"""

from collections.abc import Iterator
from typing import NamedTuple

from statemachines import jobrun, partition, want
from statemachines.partition import Adopted, Built, BuiltReading
from statemachines.traits import live_of
from statemachines.world import World
from tests.model.graphs import Plan


class Instance(NamedTuple):
    """What the model knows of an instance."""

    ref: str
    state: str
    seq: int
    digest: str | None
    """Of what it holds or held; None where it never was Live."""
    reads: tuple[tuple[str, str | None], ...]
    """What it was made from: refs, with the digests of then."""
    needs: tuple[str, ...]
    not_before: int


class Wanting(NamedTuple):
    """What the model knows of a want that is worked on."""

    refs: tuple[str, ...]
    opened: int
    priority: int
    state: str


class Picture(NamedTuple):
    """A world as plain dictionaries. ``newest`` and ``canonical`` are recounted, not taken from an index."""

    instances: dict[str, Instance]
    newest: dict[str, Instance]
    canonical: dict[str, Instance]
    wants: dict[str, Wanting]
    buffered: frozenset[str]


def picture(world: World) -> Picture:
    """Scan a world."""
    instances = {str(entity): _instance(world, entity, state) for entity, state in world.partitions.items()}
    newest = {one.ref: one for one in instances.values()}
    canonical = {one.ref: one for one in instances.values() if one.digest is not None}
    wants = {
        str(entity): Wanting(state.spec.refs, world.opened[entity], state.spec.priority, type(state).__name__)
        for entity, state in world.wants.items()
        if isinstance(state, want.Idle | want.Building | want.UpstreamBuilding)
    }
    batches = [run for run in world.runs.values() if isinstance(run, jobrun.Buffering)]
    return Picture(instances, newest, canonical, wants, frozenset(ref for batch in batches for ref in batch.refs))


def _instance(world: World, entity: str, state: partition.Partition) -> Instance:
    moving = isinstance(state, partition.Building | partition.UpstreamBuilding | partition.UpForRetry)
    live = live_of(state)
    return Instance(
        ref=state.spec.ref,
        state=type(state).__name__,
        seq=world.seqs[entity],
        digest=None if live is None else live.content.digest,
        reads=() if live is None else tuple(_reads(world, live)),
        needs=state.attempt.needs if moving else (),  # type: ignore[union-attr]  # what moves has an attempt
        not_before=state.not_before if isinstance(state, partition.UpForRetry) else 0,
    )


def _reads(world: World, live: partition.Live) -> Iterator[tuple[str, str | None]]:
    sources: tuple[str, ...] = ()
    match live.origin:
        case Built(run=run_id):
            run = world.runs[run_id]
            assert isinstance(run, jobrun.Succeeded | jobrun.Failed | jobrun.DepMiss | jobrun.Canceled)
            sources = _given(run)
        case BuiltReading(reads=reads) | Adopted(reads=reads):
            sources = reads
        case _:
            pass
    for source in sources:
        read = live_of(world.partitions[source])  # type: ignore[index]  # an instance's id
        assert read is not None, "what was read was Live"
        yield read.spec.ref, read.content.digest


def _given(run: jobrun.JobRun) -> tuple[str, ...]:
    state = run.was if isinstance(run, jobrun.Canceled) else run
    assert not isinstance(state, jobrun.Buffering | jobrun.Queued), "it was launched"
    return state.activation.inputs


FAILING = ("failed", "upfailed")


class Model:
    """What design section 4 says about a picture."""

    def __init__(self, seen: Picture, plan: Plan) -> None:
        self.seen = seen
        self.plan = plan
        self.done = self._all_done()
        self.demanded = self._all_demanded()
        self._cases: dict[tuple[str, int], str] = {}

    # -- done ------------------------------------------------------------------------------------------------------

    def _all_done(self) -> set[str]:
        """The refs whose canonical instance is Live and fresh: nothing is fresh but by what it was made from."""
        done: set[str] = set()
        while True:
            more = {ref for ref, one in self.seen.canonical.items() if one.state == "Live" and self._fresh(one, done)}
            if more == done:
                return done
            done = more

    def _fresh(self, one: Instance, done: set[str]) -> bool:
        return all(ref in done and self.seen.canonical[ref].digest == digest for ref, digest in one.reads)

    # -- needed and demanded ---------------------------------------------------------------------------------------

    def _settled(self, ref: str) -> bool:
        newest = self.seen.newest.get(ref)
        return ref in self.done or (newest is not None and newest.state == "Building")

    def _all_demanded(self) -> set[str]:
        """Open wants closed over what they need."""
        found: set[str] = set()
        waiting = [ref for wanting in self.seen.wants.values() for ref in wanting.refs]
        while waiting:
            ref = waiting.pop()
            if ref not in found:
                found.add(ref)
                waiting.extend(need for need, built in self._needed(ref).items() if built)
        return found

    def _needed(self, ref: str) -> dict[str, bool]:
        """What stands between a ref and its being built, and whether that is built for the asking."""
        if self._settled(ref) or self.plan.maker(ref) != "job":
            return {}
        needs = self.plan.needs(ref)
        newest, canonical = self.seen.newest.get(ref), self.seen.canonical.get(ref)
        for missed in newest.needs if newest is not None else ():
            needs.setdefault(missed, True)
        if canonical is not None and self.plan.is_dynamic(ref):
            for read, _ in canonical.reads:
                needs.setdefault(read, True)
        return needs

    def needs(self, ref: str) -> dict[str, bool]:
        """The same, where somebody demands the ref."""
        return self._needed(ref) if ref in self.demanded else {}

    def needs_itself(self, ref: str) -> bool:
        """Whether waiting for what it needs leads back to it."""
        seen: set[str] = set()
        waiting = list(self.needs(ref))
        while waiting:
            need = waiting.pop()
            if need not in seen:
                seen.add(need)
                waiting.extend(self.needs(need))
        return ref in seen

    # -- cases -----------------------------------------------------------------------------------------------------

    def case(self, ref: str, opened: int) -> str:
        """The case of a ref for a want opened at this seq: the first that applies."""
        if (ref, opened) not in self._cases:
            self._cases[ref, opened] = self._case(ref, opened)
        return self._cases[ref, opened]

    def _case(self, ref: str, opened: int) -> str:
        newest = self.seen.newest.get(ref)
        after = newest.state if newest is not None and newest.seq > opened else ""
        if ref in self.done:
            return "done"
        if newest is not None and newest.state == "Building":
            return "building"
        if after == "Failed":
            return "failed"
        if after == "UpstreamFailed" or self.plan.maker(ref) is None or self.needs_itself(ref):
            return "upfailed"
        if any(self.case(need, opened) in FAILING for need in self.needs(ref)):
            return "upfailed"
        if self.plan.maker(ref) == "external" or any(need not in self.done for need in self.needs(ref)):
            return "waiting"
        return "ready"

    def target(self, wanting: Wanting) -> str:
        """The state that a want should be in."""
        cases = {self.case(ref, wanting.opened) for ref in wanting.refs}
        for case, state in _STATES:
            if case in cases:
                return state
        return "Successful"

    # -- what follows ----------------------------------------------------------------------------------------------

    def hoped_for(self, wanting: Wanting) -> dict[str, str]:
        """The refs that a want demands and still hopes for, each with its case."""
        found: dict[str, str] = {}
        waiting = list(wanting.refs)
        while waiting:
            ref = waiting.pop()
            case = self.case(ref, wanting.opened)
            if ref in found or case in FAILING:
                continue
            found[ref] = case
            waiting.extend(need for need, built in self.needs(ref).items() if built)
        return found

    def may_be_queued(self, now: int) -> set[str]:
        """The refs that a JobRun should be queued for at this moment."""
        ready = {
            ref
            for wanting in self.seen.wants.values()
            for ref, case in self.hoped_for(wanting).items()
            if case == "ready" and ref not in self.seen.buffered
        }
        return {ref for ref in ready if ref not in self.seen.newest or self.seen.newest[ref].not_before <= now}

    def priorities(self) -> dict[str, int]:
        """The highest priority among the wants that lead to a ref, through refs that some want hopes for."""
        hoped = {ref for wanting in self.seen.wants.values() for ref in self.hoped_for(wanting)}
        found: dict[str, int] = {}
        for wanting in sorted(self.seen.wants.values(), key=lambda one: -one.priority):
            waiting = list(wanting.refs)
            while waiting:
                ref = waiting.pop()
                if found.setdefault(ref, wanting.priority) == wanting.priority and ref in hoped:
                    waiting.extend(need for need, built in self.needs(ref).items() if built)
                    hoped.discard(ref)
        return found


_STATES = (
    ("building", "Building"),
    ("waiting", "UpstreamBuilding"),
    ("ready", "Idle"),
    ("failed", "Failed"),
    ("upfailed", "UpstreamFailed"),
)
