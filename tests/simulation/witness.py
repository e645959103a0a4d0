"""An observer outside the daemon: it sees every batch that lands in the log and every deed, and judges each by what is
durable at that moment.

Its world is made of the stored rows alone. Each law is a method named after it; what breaks one is noted, since the
daemon that is being judged must not be able to catch it.
"""

from collections import Counter
from collections.abc import Iterable, Sequence
from pathlib import Path

from bel.entry import Snapshot
from bel.errors import BelError
from bel.row import BATCH, EVENT_ID, SEQ, ChainCheck, Row, to_entry
from orchestrator.commands import Accepted, Answer, AnyCommand, CancelWant, CreateWant
from orchestrator.planning.board import Board
from orchestrator.runtime.codec import CODEC
from orchestrator.store import MemoryStore, Sealed
from statemachines import jobrun, laws, want
from statemachines.edges import IllegalTransition
from statemachines.events import AnyEvent
from statemachines.ids import InstanceId, RunId, WantId
from statemachines.partition import Adopted, PartitionLive
from statemachines.refs import Ref
from statemachines.snapshot import WorldCodec
from statemachines.traits import live_of
from statemachines.world import World
from tests.model.graphs import Plan
from tests.model.reference import Model, picture

_ENDS = (want.WantSuccessful, want.WantFailed, want.WantUpstreamFailed)
_STEPS = (want.WantIdle, want.WantBuilding, want.WantUpstreamBuilding, *_ENDS)
_HOLDING = jobrun.Launching | jobrun.Running | jobrun.Canceling


class Witness:
    """Follows the log and the deeds of all daemons of one simulation."""

    def __init__(self, plan: Plan, bytes_kept: MemoryStore) -> None:
        self.plan = plan
        self.world = World()
        self.broken: list[str] = []
        self._bytes = bytes_kept
        self._chain = ChainCheck(None)
        self._event_ids: set[str] = set()
        self._events: list[AnyEvent] = []
        self._batch_ends: set[int] = set()
        self._changed: dict[str, None] = {}
        self._acknowledged: list[tuple[AnyCommand, Accepted]] = []
        self._started: set[str] = set()

    def hold(self, law: str, true: object, text: object = "") -> None:
        """Note that a law is broken, unless it is true."""
        if not true:
            self.note(law, text)

    def note(self, law: str, text: object) -> None:
        """Note that a law is broken, and how."""
        self.broken.append(f"{law} (seq {self.world.seq}): {text}")

    # -- the log --------------------------------------------------------------------------------------------------

    def landed(self, rows: Sequence[Row]) -> None:
        """A batch has become durable."""
        self._rows_are_whole(rows)
        events = [to_entry(row, CODEC).event for row in rows]
        self._events += events
        self._batch_ends.add(rows[-1][SEQ])
        wants_end = any(isinstance(event, _ENDS) for event in events)
        before: Model | None = None
        for row, event in zip(rows, events, strict=True):
            if not isinstance(event, _STEPS):
                before = None
            elif wants_end:
                before = before or Model(picture(self.world), self.plan)
                self._a_want_ends_as_the_model_says(before, event)
            try:
                self.world.apply(event, row[SEQ])
            except (IllegalTransition, ValueError) as error:
                self.note("replay accepts every entry", error)
                return
            self._changed[event.id] = None
            if isinstance(event, PartitionLive):
                self._what_is_live_was_synced(event)
        for violation in laws.check(self.world):
            self.note(violation.law, f"{violation.entity}: {violation.text}")
        self._slots_are_not_exceeded("in the log", self._held())

    def _rows_are_whole(self, rows: Sequence[Row]) -> None:
        """Seq has no gaps, the chain holds, a batch carries its first seq, event ids are unique."""
        for row in rows:
            try:
                self._chain.follow(row)
            except BelError as error:
                self.note("seq is gapless and chained", error)
            self.hold("a batch is whole", row[BATCH] == rows[0][SEQ], f"{row[SEQ]} says {row[BATCH]}")
            self.hold("event ids are unique", row[EVENT_ID] not in self._event_ids, row[EVENT_ID])
            self._event_ids.add(row[EVENT_ID])

    def _a_want_ends_as_the_model_says(self, model: Model, event: AnyEvent) -> None:
        """It closes by what was so when its group of steps began, or now, where others of it closed before."""
        if not isinstance(event, _ENDS):
            return
        wanting = model.seen.wants.get(event.id)
        step = type(event).__name__.removeprefix("Want")
        targets = [model.target(wanting)] if wanting else []
        if step not in targets:
            now = Model(picture(self.world), self.plan)
            wanting = now.seen.wants.get(event.id)
            targets += [now.target(wanting)] if wanting else []
        self.hold("a want ends as the model says", step in targets, f"{event.id} became {step}, not {targets}")

    def _what_is_live_was_synced(self, event: PartitionLive) -> None:
        if event.content.files and not isinstance(event.origin, Adopted):
            place = self._place(event.id)
            self.hold("what is Live was synced before", place not in self._bytes._not_synced, str(place))

    def _held(self) -> Counter[str]:
        runs = (self.world.runs[run] for run in self.world.open_runs)
        return self._slots(run.spec.job for run in runs if isinstance(run, _HOLDING))

    def _slots(self, jobs: Iterable[str]) -> Counter[str]:
        held: Counter[str] = Counter()
        for job in jobs:
            held[self.plan.rules[job].pool] += self.plan.rules[job].slots
        return held

    def _slots_are_not_exceeded(self, where: str, held: Counter[str]) -> None:
        for pool, number in held.items():
            self.hold("slots are not exceeded", number <= self.plan.pools[pool], f"{number} {where} in {pool}")

    # -- deeds ----------------------------------------------------------------------------------------------------

    def starts(self, run: str, running: Iterable[str]) -> None:
        """A run begins: its intent is durable, it never began before, and there is room for it."""
        state = self.world.runs.get(RunId(run))
        self.hold("a start is committed before", isinstance(state, _HOLDING), f"{run} starts, the log has {state}")
        self._starts_once(run)
        jobs = [state.spec.job for one in running if isinstance(state := self.world.runs.get(RunId(one)), _HOLDING)]
        self._slots_are_not_exceeded("really run", self._slots(jobs))

    def starts_late(self, run: str) -> None:
        """A run begins in a daemon that was replaced: its intent is durable, and it never began before."""
        state = self.world.runs.get(RunId(run))
        unstarted = state is None or isinstance(state, jobrun.Buffering | jobrun.Queued)
        self.hold("a start is committed before", not unstarted, f"{run} starts, the log has {state}")
        self._starts_once(run)

    def _starts_once(self, run: str) -> None:
        self.hold("a run starts once", run not in self._started, run)
        self._started.add(run)

    def asks_to_stop(self, run: str) -> None:
        """A stop is asked for: the log says Canceling, or knows that it is over."""
        state = self.world.runs.get(RunId(run))
        allowed = not isinstance(state, jobrun.Launching | jobrun.Running)
        self.hold("a stop is committed before", allowed, f"{run} is stopped, the log has {state}")

    def to_be_stopped(self, running: Iterable[str]) -> list[str]:
        """Those of the running runs that the log wants stopped."""
        return [run for run in running if isinstance(self.world.runs.get(RunId(run)), jobrun.Canceling)]

    def settles(self, run: str) -> None:
        """A run is settled: its end is durable."""
        state = self.world.runs.get(RunId(run))
        over = state is not None and not isinstance(state, jobrun.Open)
        self.hold("an end is committed before it is settled", over, f"{run} is settled, the log has {state}")

    def links(self, ref: Ref, place: Path) -> None:
        """A link is drawn: what it points to is, or was, durably Live."""
        holdings = self.world.holdings("local")
        live = [one for one in holdings.instances(ref) if live_of(self.world.partitions[one]) is not None]
        places = [self._place(one) for one in live]
        self.hold("what is linked is committed", place in places, f"{ref} leads to {place}")

    def removes(self, place: Path) -> None:
        """Bytes are removed: no instance that is or was Live has them."""
        kept = (one for one, state in self.world.partitions.items() if live_of(state) is not None)
        found = next((one for one in kept if self._place(one) == place), None)
        self.hold("no bytes of what was Live are removed", found is None, f"{found} at {place}")

    def _place(self, instance: InstanceId) -> Path:
        live = live_of(self.world.partitions[instance])
        if live is not None and isinstance(live.origin, Adopted):
            instance = live.origin.source
        return self._bytes.location(self.world.partitions[instance].spec.ref, instance)

    def keeps(self, snapshot: Snapshot) -> None:
        """A snapshot is kept: it is of the end of a batch, and is what a replay to there gives."""
        self.hold("a snapshot is of the end of a batch", snapshot.seq in self._batch_ends, snapshot.seq)
        replayed = World()
        for seq, event in enumerate(self._events[: snapshot.seq], 1):
            replayed.apply(event, seq)
        made = WorldCodec().encode(replayed.states())
        self.hold("a snapshot is what a replay gives", snapshot.digest == made.digest, snapshot.seq)
        self.hold("a snapshot is what a replay gives, byte for byte", snapshot.body == made.body, snapshot.seq)

    # -- answers --------------------------------------------------------------------------------------------------

    def answered(self, command: AnyCommand, answer: Answer) -> None:
        """A caller got an answer: what it says is durable now."""
        if isinstance(answer, Accepted):
            self.hold("nothing is answered before its commit", answer.seq <= self.world.seq, str(answer))
            self._acknowledged.append((command, answer))
            self._is_there(command, answer)

    def _is_there(self, command: AnyCommand, answer: Accepted) -> None:
        state = self.world.wants.get(WantId(answer.entity))
        match command:
            case CreateWant(refs=refs, idempotency_key=key):
                there = state is not None and (state.spec.refs, state.spec.idempotency_key) == (refs, key)
            case CancelWant():
                there = isinstance(state, want.Canceled)
            case _:
                there = answer.seq <= self.world.seq
        self.hold("nothing acknowledged is missing", there, f"{command} was {answer}, the log has {state}")

    # -- what the daemon sees -------------------------------------------------------------------------------------

    def live_equals_replayed(self, board: Board) -> None:
        """What changed since the last look is the same in the daemon's world."""
        live = board.world
        self.hold("live equals replayed", live.seq == self.world.seq, f"the daemon is at {live.seq}")
        for entity in self._changed:
            for seen, kept in ((live.wants, self.world.wants), (live.runs, self.world.runs)):
                self.hold("live equals replayed", seen.get(entity) == kept.get(entity), entity)  # type: ignore[call-overload]
            partitions = live.partitions.get(InstanceId(entity)), self.world.partitions.get(InstanceId(entity))
            self.hold("live equals replayed", partitions[0] == partitions[1], entity)
        self._changed.clear()

    def a_new_daemon_knows_everything(self, board: Board) -> None:
        """Whatever it was read back from, its world is that of the log, and has all that was ever acknowledged."""
        self.hold("live equals replayed", board.world.digest() == self.world.digest(), "digests differ")
        for command, answer in self._acknowledged:
            self._is_there(command, answer)

    def the_bytes_of_the_living_are_there(self) -> None:
        """Whatever became of the power, each built Live instance has the content that the log says."""
        for instance, state in self.world.partitions.items():
            live = live_of(state)
            if live is not None and live.content.files:
                sealed = MemoryStore.seal(self._bytes, self._place(instance))
                same = isinstance(sealed, Sealed) and sealed.digest == live.content.digest
                self.hold("the bytes of what was Live are there", same, f"{instance}: {sealed}")
