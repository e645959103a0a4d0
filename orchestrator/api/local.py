"""The door to an engine in this process."""

import asyncio
import os
from collections.abc import AsyncIterator, Mapping
from datetime import UTC, datetime
from math import isfinite

import msgspec

from bel.errors import LogClosed
from orchestrator.api.past import PresentReads
from orchestrator.api.ports import Engine
from orchestrator.api.reads import expanded, known_run, known_want
from orchestrator.api.refusals import checked_ref, refusal, refused
from orchestrator.commands import (
    Accepted,
    Answer,
    AnyCommand,
    CancelRun,
    CancelWant,
    CreateWant,
    PauseWant,
    Refused,
    ReportPartition,
    ResumeWant,
    RetryWant,
    TaintPartitions,
)
from orchestrator.planning.board import Board
from orchestrator.runtime.mailbox import NoAnswer
from orchestrator.views.entries import entry_view
from orchestrator.views.jobruns import jobrun_view
from orchestrator.views.looking import readers
from orchestrator.views.partitions import instance_view
from orchestrator.views.shapes import (
    PAGE_MAX,
    EntryFilter,
    EntryView,
    InstanceView,
    JobRunView,
    Scalar,
    Status,
    Tainting,
    WantView,
    Wish,
)
from orchestrator.views.wants import want_view
from statemachines.ids import SECOND_US, InstanceId, RunId, Timestamp, WantId
from statemachines.partition import PartitionTainted
from statemachines.want import Movable

EARLIEST, LATEST = datetime(1, 1, 2, tzinfo=UTC), datetime(9000, 1, 1, tzinfo=UTC)
"""Between them every moment can be written in any time zone, with the longest duration added to it."""

PLANNED_MAX = 5
"""How often a plan is made anew because something happened while its want was being made."""

LOOK_AGAIN_S = 0.02
"""Where a want is waited for, how long what happens meanwhile is collected before it is looked at again."""


class LocalDoor(PresentReads):
    """Reads and commands of an engine. ``actor`` is who asks."""

    def __init__(self, engine: Engine, actor: str) -> None:
        application = engine.application
        super().__init__(application, engine.log, engine.store, engine.past, engine.queries)
        self._engine = engine
        self._actor = actor

    async def board(self) -> Board:
        return await self._engine.board()

    async def status(self) -> Status:
        world = (await self.board()).world
        return Status(
            application=self._application.catalog.name,
            state_directory=str(self._application.layout.state),
            daemon=True,
            seq=world.seq,
            wants_open=len(world.opened),
            jobruns_open=len(world.open_runs),
            read_only=self._engine.read_only,
            pid=os.getpid(),
        )

    # -- wants ----------------------------------------------------------------------------------------------------

    async def create_want(self, wish: Wish) -> WantView:
        command = _create(wish, self._actor)
        return await (self._command_want(command) if wish.plan is None else self._as_planned(command, wish.plan))

    async def cancel_want(self, want: str, reason: str = "", *, expected: int | None = None) -> WantView:
        return await self._command_want(CancelWant(self._actor, WantId(want), reason, expected_seq=expected))

    async def pause_want(self, want: str, reason: str = "", *, expected: int | None = None) -> WantView:
        return await self._command_want(PauseWant(self._actor, WantId(want), reason, expected_seq=expected))

    async def resume_want(self, want: str, *, expected: int | None = None) -> WantView:
        return await self._command_want(ResumeWant(self._actor, WantId(want), expected_seq=expected))

    async def retry_want(self, want: str, *, expected: int | None = None) -> WantView:
        return await self._command_want(RetryWant(self._actor, WantId(want), expected_seq=expected))

    async def wait_want(self, want: str, timeout_s: float) -> WantView:
        deadline = asyncio.get_running_loop().time() + timeout_s
        while True:
            board = await self.board()
            state = board.world.wants[known_want(board, want)]
            view, seq = want_view(board, state), board.world.seq
            if not isinstance(state, Movable) or not await self._moved_beyond(seq, deadline):
                return view
            await asyncio.sleep(LOOK_AGAIN_S)

    # -- partitions -----------------------------------------------------------------------------------------------

    async def taint(self, refs: tuple[str, ...], reason: str, *, downstream: bool = False) -> Tainting:
        if downstream:
            await self.look(readers)
        board = await self.board()
        before = board.world.seq
        command = TaintPartitions(self._actor, expanded(board, refs), reason, downstream)
        if not command.refs:
            raise refusal("bad_ref", "no ref was named", "name what must not be used")
        accepted = await self._submit(command)
        tainted = await self._tainted(command, before, accepted.seq)
        board = await self.board()
        views = tuple(instance_view(board, self.places(board), instance) for instance in tainted)
        return Tainting(accepted.seq, views)

    async def report(
        self, ref: str, *, digest: str | None = None, location: str = "", metadata: Mapping[str, Scalar] | None = None
    ) -> InstanceView:
        facts = tuple((metadata or {}).items())
        accepted = await self._submit(ReportPartition(self._actor, checked_ref(ref), digest, location, facts))
        board = await self.board()
        return instance_view(board, self.places(board), InstanceId(accepted.entity))

    # -- JobRuns --------------------------------------------------------------------------------------------------

    async def cancel_jobrun(self, run: str, reason: str = "", *, expected: int | None = None) -> JobRunView:
        accepted = await self._submit(CancelRun(self._actor, RunId(run), reason, expected_seq=expected))
        board = await self.board()
        return jobrun_view(board, board.world.runs[known_run(board, accepted.entity)])

    # -- the log --------------------------------------------------------------------------------------------------

    async def tail(self, after: int) -> AsyncIterator[EntryView]:
        async for entry in self._engine.log.tail(after):
            yield entry_view(entry)

    async def next_entries(self, after: int, timeout_s: float) -> tuple[EntryView, ...]:
        """The entries beyond ``after``, a page at most, waiting for the first; none when the time is over."""
        await self._moved_beyond(after, asyncio.get_running_loop().time() + timeout_s)
        return await self.entries(EntryFilter(after=after, limit=PAGE_MAX))

    async def close(self) -> None:
        """The engine is closed by who opened it."""

    # -- help -----------------------------------------------------------------------------------------------------

    async def _submit(self, command: AnyCommand) -> Accepted:
        answer = await self._answered(command)
        if isinstance(answer, Refused):
            raise refused(answer)
        return answer

    async def _answered(self, command: AnyCommand) -> Answer:
        try:
            return await self._engine.submit(command)
        except NoAnswer as error:
            raise refusal("no_answer", str(error)) from error

    async def _command_want(self, command: AnyCommand) -> WantView:
        accepted = await self._submit(command)
        board = await self.board()
        return want_view(board, board.world.wants[WantId(accepted.entity)])

    async def _as_planned(self, command: CreateWant, digest: str) -> WantView:
        """Make a want if it does what was planned. If something happens between look and deed, look again."""
        if command.idempotency_key in (await self.board()).world.wants_by_key:
            return await self._command_want(command)
        for _ in range(PLANNED_MAX):
            found = await self.plan(command.refs)
            if found.digest != digest:
                why = f"plan {digest} is stale: as of entry {found.seq} it would be plan {found.digest}"
                raise refusal("stale_plan", why, f"look at it again: wantd plan {' '.join(command.refs[:1])}".rstrip())
            answer = await self._answered(msgspec.structs.replace(command, as_of=found.seq))
            if isinstance(answer, Accepted):
                board = await self.board()
                return want_view(board, board.world.wants[WantId(answer.entity)])
            if answer.code != "stale_plan":
                raise refused(answer)
        raise refusal("stale_plan", "too much happens for a plan to hold", "try again when less is going on")

    async def _moved_beyond(self, seq: int, deadline: float) -> bool:
        """Wait for an entry after ``seq``; False when the time is over or the engine ends."""
        try:
            async with asyncio.timeout_at(deadline):
                await self._engine.log.wait_beyond(seq)
        except (TimeoutError, LogClosed):
            return False
        return True

    async def _tainted(self, command: TaintPartitions, after: int, upto: int) -> list[InstanceId]:
        """What this command marked, told by the log: others may have been at work between the two reads of a board."""
        found: list[InstanceId] = []
        async for chunk in self._engine.log.read(after=after, upto=upto):
            for entry in chunk:
                event = entry.event
                ours = entry.actor == command.actor and isinstance(event, PartitionTainted)
                if ours and isinstance(event, PartitionTainted) and event.reason == command.reason:
                    found.append(event.id)
        return found


def _create(wish: Wish, actor: str) -> CreateWant:
    """The command of a wish. Raises DoorError."""
    return CreateWant(
        actor=actor,
        refs=wish.refs,
        environment=wish.environment,
        source=wish.source,
        priority=wish.priority,
        ttl_us=_duration(wish.ttl_s, "ttl_s"),
        sla_us=_duration(wish.sla_s, "sla_s"),
        data_timestamp=_moment(wish.data_timestamp),
        idempotency_key=wish.idempotency_key,
        comment=wish.comment,
    )


def _duration(seconds: float | None, name: str) -> int | None:
    if seconds is None:
        return None
    if not isfinite(seconds) or not 0 < seconds < 1e10:
        raise refusal("bad_time", f"{name} is {seconds}", "give a number of seconds above 0")
    return round(seconds * SECOND_US)


def _moment(text: str | None) -> Timestamp | None:
    if text is None:
        return None
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        raise refusal("bad_time", f"data_timestamp {text!r} is no moment", "write 2013-01-05T00:00:00Z") from None
    aware = moment if moment.tzinfo is not None else moment.replace(tzinfo=UTC)
    if not EARLIEST <= aware < LATEST:
        raise refusal("bad_time", f"data_timestamp {text!r} is out of range", "give a year from 1 to 8999")
    return Timestamp(round(aware.timestamp() * SECOND_US))
