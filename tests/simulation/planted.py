"""Bugs to be planted: each takes one promise out of the product, as a mistake would.

A plant patches the product within this process, through what it is given. ``PLANTS`` says which law must break then.
"""

import asyncio
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import cast

import msgspec
import pytest

from bel.entry import Entry, Head, Snapshot
from bel.errors import AppendUnknown, LogFull
from bel.reading import snapshot_seal
from bel.stored import StoredLog
from orchestrator.catalog import Job
from orchestrator.daemon import Engine
from orchestrator.effects import Owed, owed_by
from orchestrator.executors.base import Fact as Seen
from orchestrator.executors.base import RunEnded
from orchestrator.observations import AnyObservation, Exit
from orchestrator.planning.board import Board
from orchestrator.planning.node import Node
from orchestrator.planning.queue import free_slots
from orchestrator.planning.turn import Turn
from orchestrator.reconcile import launching, step
from orchestrator.runtime import loop as loops
from orchestrator.runtime import recovery
from orchestrator.runtime import runner as runner_module
from orchestrator.runtime.loop import Loop
from orchestrator.runtime.mailbox import Asked, Mailbox
from orchestrator.runtime.runner import Runner
from orchestrator.runtime.snapshots import Snapshots, load_world
from orchestrator.runtime.syncing import GroupSync
from statemachines.events import AnyEvent
from statemachines.ids import RunId
from statemachines.jobrun import JobRunFact, RunState, Started
from statemachines.world import World

IMPATIENCE_S = 0.03


def no_sync(patch: pytest.MonkeyPatch) -> None:
    """Outputs become Live without a sync."""
    patch.setattr(GroupSync, "everything_written", _nothing)


def effect_before_intent(patch: pytest.MonkeyPatch) -> None:
    """Runs are started and stopped before the entry that says so is durable."""
    commit, owed = Loop._commit, Loop._owed

    async def act_and_commit(loop: Loop, turn: Turn) -> bool:
        runs = dict.fromkeys(RunId(fact.event.id) for fact in turn.facts if isinstance(fact.event, JobRunFact))
        cast("Runner", loop._effects).act(owed_by(loop.board.world, runs), loop.board.world)
        return await commit(loop, turn)

    def questions_only(loop: Loop, turn: Turn) -> Owed:
        return Owed((), (), owed(loop, turn).questions)

    patch.setattr(Loop, "_commit", act_and_commit)
    patch.setattr(Loop, "_owed", questions_only)


def answer_before_commit(patch: pytest.MonkeyPatch) -> None:
    """Callers hear that it is done when it is decided."""
    drain = Loop._drain

    def drain_and_answer(loop: Loop, turn: Turn) -> object:
        drained = drain(loop, turn)
        loops._answer(drained.answers)
        return drained

    patch.setattr(Loop, "_drain", drain_and_answer)


def turn_cut_short(patch: pytest.MonkeyPatch) -> None:
    """A turn that was cut short for its size wakes nobody for the rest."""

    def reconcile(turn: Turn, events_max: int) -> bool:
        step.reconcile(turn, events_max)
        return False

    patch.setattr(loops, "reconcile", reconcile)


def report_wakes_nobody(patch: pytest.MonkeyPatch) -> None:
    """What an executor reports is put into the mailbox without waking the loop."""
    put = Mailbox._put

    def only_commands_wake(mailbox: Mailbox, item: Asked | AnyObservation) -> None:
        if isinstance(item, Asked):
            put(mailbox, item)
        else:
            mailbox._waiting.append(item)

    patch.setattr(Mailbox, "_put", only_commands_wake)


def reports_lost_with_full_disk(patch: pytest.MonkeyPatch) -> None:
    """What came in with a turn that found no room is forgotten with it."""
    patch.setattr(Mailbox, "give_back", _forget)


def snapshot_in_mid_batch(patch: pytest.MonkeyPatch) -> None:
    """Snapshots are taken after any entry, and the log takes them."""

    async def snapshot(engine: Engine) -> Snapshot:
        return await Snapshots(engine.log).save(await load_world(engine.log, max(1, engine.log.head.seq - 1)))

    async def save(log: StoredLog[AnyEvent], snapshot: Snapshot) -> None:
        for row in await log._store.rows(snapshot.seq - 1, snapshot.seq, 1):
            await log._store.save_snapshot(snapshot, snapshot_seal(snapshot, row))

    patch.setattr(Engine, "snapshot", snapshot)
    patch.setattr(StoredLog, "save_snapshot", save)


def retry_with_new_ids(patch: pytest.MonkeyPatch) -> None:
    """An append of unknown outcome is done again, as new events."""
    append = StoredLog[AnyEvent]._append

    async def append_again(log: StoredLog[AnyEvent], entries: Sequence[Entry[AnyEvent]], epoch: int) -> Head:
        try:
            return await append(log, entries, epoch)
        except AppendUnknown:
            log._lost, log._head = None, await log._store.head()
            first = log._head.seq + 1
            anew = [
                msgspec.structs.replace(entry, seq=first + n, batch=first, event_id=f"{entry.event_id}-again")
                for n, entry in enumerate(entries)
            ]
            return await append(log, anew, epoch)

    patch.setattr(StoredLog, "_append", append_again)


def cancel_as_rollback(patch: pytest.MonkeyPatch) -> None:
    """An append that takes long is canceled, and taken for one that did not happen."""
    commit = Loop._commit

    async def commit_in_time(loop: Loop, turn: Turn) -> bool:
        try:
            async with asyncio.timeout(IMPATIENCE_S):
                return await commit(loop, turn)
        except TimeoutError:
            return not loop._effects.room.is_lacking(LogFull(Path("bel"), "it took too long"))

    patch.setattr(Loop, "_commit", commit_in_time)


def slots_counted(patch: pytest.MonkeyPatch) -> None:
    """Slots are given back at each end that is reported, instead of looked up in the states."""
    too_many: Counter[str] = Counter()
    load, see = Board.load, Runner.see

    def see_and_count(runner: Runner, facts: Sequence[Seen]) -> None:
        for fact in facts:
            run = runner._world().runs.get(RunId(fact.run))
            if isinstance(fact, RunEnded) and isinstance(run, RunState) and not isinstance(run, Started):
                too_many[run.spec.job] += 1
        see(runner, facts)

    def free(pool: str, size: int, held: Mapping[str, int], jobs: Mapping[str, Job]) -> int:
        counted = {name: number - too_many[name] for name, number in held.items()}
        return free_slots(pool, size, counted, jobs)

    def load_anew(board: Board) -> None:
        too_many.clear()
        load(board)

    patch.setattr(Board, "load", load_anew)
    patch.setattr(Runner, "see", see_and_count)
    patch.setattr(launching, "free_slots", free)


def stop_overtakes_start(patch: pytest.MonkeyPatch) -> None:
    """A request to stop that comes before its start is forgotten."""
    act = Runner.act

    def act_and_forget(runner: Runner, owed: Owed, world: World) -> None:
        act(runner, owed, world)
        runner._stops.clear()

    patch.setattr(Runner, "act", act_and_forget)


def links_not_redrawn(patch: pytest.MonkeyPatch) -> None:
    """A start draws no links: what a crash kept from being drawn stays so."""
    patch.setattr(Runner, "_redraw_links", _nothing)


def settled_too_early(patch: pytest.MonkeyPatch) -> None:
    """The executor may forget a run as soon as its end was heard of."""
    collect = Runner.collect

    def collect_and_settle(runner: Runner, ended: dict[str, Exit]) -> None:
        collect(runner, ended)
        runner._executor.settled([*ended])

    patch.setattr(Runner, "collect", collect_and_settle)


def removes_what_was_live(patch: pytest.MonkeyPatch) -> None:
    """What an ended run leaves is removed, whatever became of it."""
    patch.setattr(runner_module, "_was_live", _no)


def inline_started_again(patch: pytest.MonkeyPatch) -> None:
    """A start takes up inline runs again that the last daemon may have called."""
    patch.setattr(recovery, "_is_inline", _no)


def set_in_a_decision(patch: pytest.MonkeyPatch) -> None:
    """The rules look at changed refs in the order of a set."""
    next_nodes = step._next_nodes

    def in_any_order(turn: Turn, room: int) -> list[Node]:
        by_ref = {node.ref: node for node in next_nodes(turn, room)}
        return [by_ref[ref] for ref in set(by_ref)]

    patch.setattr(step, "_next_nodes", in_any_order)


def _no(*_: object) -> bool:
    return False


def _forget(*_: object) -> None:
    """Do nothing."""


async def _nothing(*_: object) -> None:
    """Do nothing."""


PLANTS: dict[Callable[[pytest.MonkeyPatch], None], str] = {
    no_sync: "what is Live was synced before",
    effect_before_intent: "a (start|stop) is committed before",
    answer_before_commit: "nothing is answered before its commit",
    turn_cut_short: "it does not come to rest",
    report_wakes_nobody: "it does not come to rest",
    reports_lost_with_full_disk: "it does not come to rest",
    snapshot_in_mid_batch: "a snapshot is of the end of a batch",
    retry_with_new_ids: "replay accepts every entry|live equals replayed|ended by HeadMoved",
    cancel_as_rollback: "live equals replayed",
    slots_counted: "slots are not exceeded",
    stop_overtakes_start: "what is Canceling is asked to stop",
    links_not_redrawn: "what is Live is linked",
    settled_too_early: "an end is committed before it is settled",
    removes_what_was_live: "no bytes of what was Live are removed",
    inline_started_again: "a run starts once",
}
"""Each with the law that has to break."""
