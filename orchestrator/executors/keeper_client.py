"""The daemon's side of keepers: finds them, starts one when it is needed, and speaks for those that died.

Invariants: a start is sent to one keeper at a time; it is sent to another only after the first is known dead and its
journal shows that it never claimed the run. A run is told to be lost only after its keeper is dead and what the run
started is gone.

Source: design section 7; the journal's laws in ``keeper.journal``.
"""

import asyncio
import time
from collections.abc import Coroutine, Mapping, Sequence
from pathlib import Path
from typing import Literal

import msgspec

from orchestrator.executors.base import (
    ExecutorError,
    Fact,
    KeptStart,
    RunEnded,
    Sink,
    StaleEpoch,
    StopRun,
    Survey,
)
from orchestrator.executors.link import Facts, Hello, Link, Refused, reach_keeper, start_keeper, why_keeper_failed
from orchestrator.executors.orders import Orders
from orchestrator.executors.pace import Pace
from orchestrator.executors.survey import DeadKeeper, find_keepers, is_alive, read_dead, take_over
from orchestrator.observations import Exit

_START_BYTES_MAX = 16 << 20
_RETRY_S = 0.02
_PATIENCE_S = 10.0
_KEEPERS_TRIED = 5


class KeeperClient:
    """Runs processes and warm workers, through keepers. ``keepers`` is their folder in the state directory."""

    def __init__(self, keepers: Path, epoch: int, linger_s: float) -> None:
        self._keepers = keepers
        self._epoch = epoch
        self._linger_s = linger_s
        self._links: dict[Link, Path] = {}
        self._dead: list[DeadKeeper] = []
        self._orders = Orders()
        self._pace = Pace()
        self._tasks: set[asyncio.Task[None]] = set()
        self._starting: asyncio.Task[None] | None = None
        self._refused: StaleEpoch | None = None
        self._sink: Sink | None = None
        self._early: list[Fact] = []

    async def open(self, sink: Sink) -> Survey:
        """Take over what earlier daemons left. Raises StaleEpoch, and ExecutorError where that cannot be done."""
        await asyncio.to_thread(take_over, self._keepers, self._epoch)
        alive, dead = await asyncio.to_thread(find_keepers, self._keepers)
        survey: dict[str, Literal["running"] | Exit] = {}
        try:
            for folder in [*dead, *alive]:
                survey.update(await self._adopt(folder))
        except BaseException:
            await self.close()
            raise
        self._sink = sink
        asyncio.get_running_loop().call_soon(self._deliver, self._early)
        return survey

    def start(self, runs: Sequence[KeptStart]) -> None:
        """Queue starts. Raises StaleEpoch once a newer daemon has taken over."""
        self._raise_if_refused()
        facts: list[Fact] = []
        for run in runs:
            end = self._ended_earlier(run.run)
            if end is None:
                self._pace.started(run.run, run.pool, run.slots)
                try:
                    self._orders.start(run.run, _encode(run))
                except ValueError as error:
                    end = Exit(kind="could_not_start", message=str(error))
            if end is not None:
                facts.append(RunEnded(run.run, end))
        loop = asyncio.get_running_loop()
        loop.call_soon(self._deliver, facts)
        loop.call_soon(self._flush)

    def stop(self, runs: Sequence[StopRun]) -> None:
        """Queue requests to end. Raises StaleEpoch once a newer daemon has taken over."""
        self._raise_if_refused()
        for stop in runs:
            self._orders.stop(stop.run)
        asyncio.get_running_loop().call_soon(self._flush)

    def ahead(self) -> Mapping[str, int]:
        """Say how many slots' worth of runs may wait in line; none where two keepers share the pools."""
        return self._pace.ahead(time.monotonic()) if len(self._links) == 1 else {}

    def settled(self, runs: Sequence[str]) -> None:
        """Let the records of these runs go."""
        names = set(runs)
        self._orders.settled(names)
        for dead in self._dead:
            dead.settle(names)
        self._dead = [dead for dead in self._dead if dead.ends]
        for link in self._links:
            link.ask("settled", list(runs))

    async def close(self) -> None:
        """Let go of the keepers, which go on. Starts that no keeper was sent are not made."""
        if self._links:
            self._flush()
        self._sink = None
        links, self._links = list(self._links), {}
        for task in list(self._tasks):
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        for link in links:
            await link.close()

    def _flush(self) -> None:
        if not self._links:
            if self._orders.need_a_keeper:
                self._start_a_keeper()
            return
        for link, starts in self._orders.starts_to_send(self._links, newest=next(reversed(self._links))):
            link.ask("start", starts)
        stops = self._orders.stops_to_send()
        for link in self._links if stops else ():
            link.ask("stop", stops)

    def _start_a_keeper(self) -> None:
        if self._starting is None or self._starting.done():
            self._starting = self._in_background(self._get_keeper())

    async def _get_keeper(self) -> None:
        try:
            link, hello = await self._greet_a_new_keeper()
        except (OSError, ExecutorError) as error:
            why = f"no keeper could be started: {error}; {why_keeper_failed(self._keepers)}"
            failed = Exit(kind="could_not_start", message=why)
            self._deliver([RunEnded(run, failed) for run in self._orders.fail_unsent()])
            return
        self._links[link] = self._keepers / hello.keeper
        self._flush()

    async def _greet_a_new_keeper(self) -> tuple[Link, Hello]:
        """Start a keeper. One that ends before it answers (somebody killed it) was sent nothing: another is tried."""
        tried = 0
        while True:
            link = await start_keeper(self._keepers, self._linger_s, self._new_link)
            try:
                return link, await link.greeting()
            except ConnectionError:
                tried += 1
                if tried == _KEEPERS_TRIED:
                    raise

    async def _adopt(self, folder: Path) -> Survey:
        """Connect to a keeper, or read its journal if it is dead, whichever turns out to be true."""
        give_up_at = time.monotonic() + _PATIENCE_S
        while await asyncio.to_thread(is_alive, folder):
            try:
                link = await reach_keeper(folder, self._new_link)
                hello = await link.greeting()
            except (ConnectionError, FileNotFoundError) as error:
                if time.monotonic() > give_up_at:
                    raise ExecutorError(f"the keeper of {folder} lives, but cannot be reached: {error}") from error
                await asyncio.sleep(_RETRY_S)
            else:
                self._links[link] = folder
                survey: Survey = {
                    **dict.fromkeys(hello.running, "running"),
                    **{end.run: end.exit for end in hello.ended},
                }
                self._orders.belong(survey, link)
                return survey
        dead = await asyncio.to_thread(read_dead, folder)
        if dead.ends:
            self._dead.append(dead)
        return dead.ends.copy()

    async def _adopt_at_last(self, folder: Path) -> Survey:
        """Adopt, however long it takes: what cannot be killed is not lost yet, and may not be told to be."""
        while True:
            try:
                return await self._adopt(folder)
            except ExecutorError as error:
                trouble = {"message": f"a keeper died, and its runs are not known yet: {error}", "exception": error}
                asyncio.get_running_loop().call_exception_handler(trouble)
                await asyncio.sleep(_PATIENCE_S)

    def _gone(self, link: Link) -> None:
        folder = self._links.pop(link, None)
        if folder is not None:
            self._in_background(self._recover(link, folder))

    async def _recover(self, link: Link, folder: Path) -> None:
        """Find out what became of a keeper whose connection broke, and of the runs that it was asked for."""
        known = await self._adopt_at_last(folder)
        self._orders.disown(link, known)
        self._deliver([RunEnded(run, how) for run, how in known.items() if how != "running"])
        self._flush()

    def _said(self, link: Link, said: Facts | Refused) -> None:
        if isinstance(said, Refused):
            self._refused = StaleEpoch(said.why)
            return
        facts = said.in_words_of_the_port()
        self._orders.belong((fact.run for fact in facts), link)
        self._deliver(facts)

    def _deliver(self, facts: Sequence[Fact]) -> None:
        ended = [fact.run for fact in facts if isinstance(fact, RunEnded)]
        self._orders.ended(ended)
        self._pace.ended(ended, time.monotonic())
        if self._sink is None:
            self._early += facts
        elif facts:
            self._sink(facts)

    def _ended_earlier(self, run: str) -> Exit | None:
        return next((dead.ends[run] for dead in self._dead if run in dead.ends), None)

    def _new_link(self) -> Link:
        return Link(self._epoch, self._said, self._gone)

    def _raise_if_refused(self) -> None:
        if self._refused is not None:
            raise self._refused

    def _in_background(self, work: Coroutine[None, None, None]) -> asyncio.Task[None]:
        task = asyncio.get_running_loop().create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        return task


def _encode(run: KeptStart) -> msgspec.Raw:
    try:
        request = msgspec.json.encode(run)
    except UnicodeEncodeError as error:
        # It may be the value of a passed environment key: that is named, never quoted.
        raise ValueError(f"{_not_text(run)} is not valid text (UTF-8); correct it") from error
    if len(request) > _START_BYTES_MAX:
        raise ValueError("arguments and environment are too long together; give the job fewer refs at a time")
    return msgspec.Raw(request)


def _not_text(run: KeptStart) -> str:
    for key, value in run.env.items():
        if not _is_text(value):
            return f"the value of the environment key {key}"
    return "an argument or a path of its command"


def _is_text(value: str) -> bool:
    try:
        value.encode()
    except UnicodeEncodeError:
        return False
    return True
