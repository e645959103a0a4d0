"""Waiting for the want that ``build`` made, and telling how it goes.

On a terminal a live tree is drawn; elsewhere each JobRun that ends is one line. Both read the same two answers of the
door: the entries that belong to the want, and its progress.
"""

from __future__ import annotations

import asyncio
import signal
import sys
from math import inf
from typing import TYPE_CHECKING, Protocol, Self

from orchestrator.api.door import DoorError
from orchestrator.cli.failures import Exit
from orchestrator.cli.feed import Ended, Feed, told
from orchestrator.cli.speech import counted, is_drawn, talk
from orchestrator.cli.standstill import standstill
from orchestrator.cli.wants import OPEN, wished
from orchestrator.views.shapes import JobRunFilter

if TYPE_CHECKING:
    from orchestrator.api.door import Door
    from orchestrator.views.shapes import WantView

LOOK_S = 0.125
"""Between two looks at least; eight a second are enough for the eye."""
IDLE_SHARE = 10
"""Looking costs at most a tenth of the time, however large the want is."""
STILL_S = 1.0
"""After so long without news it is asked why."""
CONFIRM_S = 0.1
LAST_BYTES, LAST_LINES = 4_000, 5


class Interruptions:
    """Counts SIGINT and SIGTERM for as long as it is entered."""

    def __init__(self) -> None:
        self.count = 0
        self.code = Exit.INTERRUPTED

    def __enter__(self) -> Self:
        """Take the signals over."""
        loop = asyncio.get_running_loop()
        loop.add_signal_handler(signal.SIGINT, self._note, Exit.INTERRUPTED)
        loop.add_signal_handler(signal.SIGTERM, self._note, Exit.TERMINATED)
        return self

    def __exit__(self, *_: object) -> None:
        """Give the signals back."""
        loop = asyncio.get_running_loop()
        loop.remove_signal_handler(signal.SIGINT)
        loop.remove_signal_handler(signal.SIGTERM)

    def _note(self, code: Exit) -> None:
        self.count += 1
        self.code = code


class Display(Protocol):
    """Shows how it goes."""

    def __enter__(self) -> Self: ...

    def __exit__(self, *_: object) -> None: ...

    def line(self, text: str) -> None:
        """Say something that stays."""
        ...

    def ended(self, run: Ended) -> None:
        """Say that a JobRun ended."""
        ...

    async def look(self, door: Door, want: str) -> None:
        """Show how the want stands now."""
        ...


class Plain:
    """Lines, for pipes and files."""

    def __enter__(self) -> Self:
        """Nothing to prepare."""
        return self

    def __exit__(self, *_: object) -> None:
        """Nothing to restore."""

    def line(self, text: str) -> None:
        talk(text)

    def ended(self, run: Ended) -> None:
        talk(told(run))

    async def look(self, door: Door, want: str) -> None:
        """The lines have said it."""


class Watch:
    """Waits for one want, whose entries begin after ``before``."""

    def __init__(self, door: Door, made: WantView, before: int, interruptions: Interruptions) -> None:
        self._door = door
        self._made = made
        self._interruptions = interruptions
        self._feed = Feed(door, made.id, before)
        self._loop = asyncio.get_running_loop()
        self._begun = self._loop.time()
        self._look_again = self._begun + STILL_S

    async def follow(self, timeout_s: float | None) -> int:
        """Wait until the want is closed and give the exit code. Cancels it when interrupted, or when time is over."""
        if self._made.state == "Successful":
            talk(f"nothing to do: {wished(self._made)} is there already")
            return Exit.DONE
        with self._display() as display:
            display.line(f"{self._made.id}: {wished(self._made)}")
            ends = None if timeout_s is None else self._begun + timeout_s
            while (want := await self._turn(display)).state in OPEN:
                if self._interruptions.count:
                    return await self._cancel(display, "interrupted", self._interruptions.code)
                if ends is not None and self._loop.time() >= ends:
                    return await self._cancel(display, "the time was over", Exit.TIMED_OUT)
        return await self._sum_up(want)

    async def _turn(self, display: Display) -> WantView:
        """Show what is new, and wait a while."""
        begun = self._loop.time()
        news = await self._feed.news()
        for run in news:
            display.ended(run)
        await display.look(self._door, self._made.id)
        await self._tell_standstill(display, is_moving=bool(news))
        pause = max(LOOK_S, IDLE_SHARE * (self._loop.time() - begun))
        want = await self._door.wait_want(self._made.id, pause)
        if want.state == "Paused":
            await asyncio.sleep(pause)
        if want.state not in OPEN:
            for run in await self._feed.news():
                display.ended(run)
        return want

    async def _tell_standstill(self, display: Display, *, is_moving: bool) -> None:
        """Say once why nothing moves, after it has been still for a while."""
        now = self._loop.time()
        if is_moving:
            self._look_again = now + STILL_S
        if now < self._look_again:
            return
        lines = await standstill(self._door, self._made.id)
        self._look_again = inf if lines else now + STILL_S
        for line in lines:
            display.line(line)

    async def _cancel(self, display: Display, reason: str, code: Exit) -> int:
        """Cancel the want, and wait until what ran for it has ended or somebody has no patience."""
        already = self._interruptions.count
        display.line(f"{reason}: canceling {self._made.id}; Ctrl-C leaves at once")
        try:
            await self._door.cancel_want(self._made.id, reason)
        except DoorError as error:
            display.line(error.why)
        chosen = JobRunFilter(states=("Canceling",), want=self._made.id)
        while await self._door.jobruns(chosen):
            if self._interruptions.count > already:
                display.line("left before everything had ended: it is stopped all the same")
                return code
            await asyncio.sleep(CONFIRM_S)
        display.line(f"{self._made.id} is canceled, and nothing runs for it any more")
        return code

    async def _sum_up(self, want: WantView) -> int:
        took = f"{self._loop.time() - self._begun:.1f} s"
        runs = f"{counted(self._feed.ended, 'JobRun')}{f', {self._feed.bad} failed' if self._feed.bad else ''}"
        if want.state == "Successful":
            talk(f"done in {took}: {runs}")
            return Exit.DONE
        for line in await _failures(self._door, want):
            talk(line)
        talk(f"{want.id} is {want.state}{f' ({want.reason})' if want.reason else ''} after {took}: {runs}")
        if want.state in {"Failed", "UpstreamFailed"}:
            talk(f"when it is mended, build it again; wantd want show {want.id} tells all of this again")
        return Exit.NO

    def _display(self) -> Display:
        if is_drawn(sys.stderr):
            from orchestrator.cli.progress import Live

            return Live()
        return Plain()


async def _failures(door: Door, want: WantView) -> list[str]:
    """Each failed ref, why, and what the JobRun behind it said last."""
    lines: list[str] = []
    words: dict[str, list[str]] = {}
    failures = (await door.want(want.id)).failures
    for failure in failures:
        lines += [f"failed: {failure.ref}", f"   why: {failure.reason} (entry {failure.evidence})"]
        if failure.run is not None:
            if failure.run not in words:
                words[failure.run] = await _last_words(door, failure.run)
            lines += words[failure.run]
    if len(failures) < want.failures_count:
        lines.append(f"and {want.failures_count - len(failures)} more: wantd want show {want.id}")
    return lines


async def _last_words(door: Door, run: str) -> list[str]:
    """The end of what a JobRun printed, and where all of it is."""
    printed = (await door.log_text(run, -LAST_BYTES)).text.splitlines()[-LAST_LINES:]
    return [*(f"      | {line}" for line in printed), f"   log: {(await door.jobrun(run)).log}"]
