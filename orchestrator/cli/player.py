"""A log on a terminal: wound by keys, played at a speed, one entity or all of them.

``Player`` knows where it is and what a key means; what is drawn follows from it alone.
"""

from __future__ import annotations

import asyncio
import sys
from collections import deque
from typing import TYPE_CHECKING

import msgspec
from rich.console import Console, Group
from rich.live import Live
from rich.text import Text

from orchestrator.cli.keys import CLOSED, keys_of
from orchestrator.cli.speech import in_color, readable, safe
from orchestrator.cli.steps import about, in_sum, named
from orchestrator.cli.tables import style_of
from orchestrator.views.entries import is_chosen
from orchestrator.views.looking import iso

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from rich.console import RenderableType

    from orchestrator.history.film import Film, Step
    from orchestrator.views.shapes import EntryFilter

HELP = "arrows: a step, up/down: 100 steps, home/end, space: play, +/-: speed, e/k: only this entity/kind, q: leave"
MANY = 100
WAIT_S_MAX = 2.0
"""However long nothing happened, the next step is shown after this."""
FRAME_S = 0.05
"""However fast it is played, each step is shown so long."""
TRAIL = 200


class Player:
    """Where somebody is in a log, and what keys do there."""

    def __init__(self, film: Film, chosen: EntryFilter, speed: float | None) -> None:
        self.film = film
        self.chosen = chosen
        self.step: Step | None = None
        """The step that is shown; None before the first."""
        self.trail: deque[Step] = deque(maxlen=TRAIL)
        """The steps that led here, the newest last, as far as they were seen."""
        self.playing = speed is not None
        self.speed = speed or 1.0
        self._asked = chosen
        self._keys: dict[str, Callable[[], Awaitable[object]]] = {
            **dict.fromkeys(("right", "n"), self.forward),
            **dict.fromkeys(("left", "p"), self.back),
            "down": lambda: self._many(self.forward),
            "up": lambda: self._many(self.back),
            **dict.fromkeys(("home", "g"), self._to_begin),
            **dict.fromkeys(("end", "G"), self._to_end),
        }

    async def press(self, key: str) -> bool:
        """Do what a key stands for; False where somebody wants to leave."""
        if key in {"q", "escape", CLOSED}:
            return False
        if key in self._keys:
            self.playing = False
            await self._keys[key]()
        elif key == "space":
            self.playing = not self.playing
        elif key in {"+", "-"}:
            self.speed *= 2 if key == "+" else 0.5
        elif key in {"e", "k"} and self.step is not None:
            self._choose(key, self.step)
        return True

    async def forward(self) -> bool:
        """Go to the next step that is chosen; where there is none, stay, stop and say so."""
        at = self.film.seq
        while (step := await self.film.forward()) is not None:
            if is_chosen(step.entry, self.chosen):
                self.step = step
                self.trail.append(step)
                return True
        await self.film.wind(at)
        self.playing = False
        return False

    async def back(self) -> bool:
        """Go to the step before that is chosen, or to the beginning; False where it is there already."""
        if await self.film.back() is None:
            return False
        await self.settle()
        if self.trail:
            self.trail.pop()
        return self.step is not None

    async def pause_s(self) -> float | None:
        """How long the step is shown that is shown; None where a key is waited for."""
        if not self.playing:
            return None
        after = await self.film.peek()
        gap_us = 0 if after is None or self.step is None else after.at - self.step.entry.at
        return min(WAIT_S_MAX, max(FRAME_S, gap_us / 1_000_000 / self.speed))

    async def _many(self, move: Callable[[], Awaitable[bool]]) -> None:
        for _ in range(MANY):
            if not await move():
                return

    async def _to_begin(self) -> None:
        await self.film.wind(0)
        self.step = None
        self.trail.clear()

    async def _to_end(self) -> None:
        self.trail.clear()
        await self.film.wind(self.film.end)
        await self.settle()

    async def settle(self) -> None:
        """Show where it is, or the step before that is chosen."""
        while (step := await self.film.shown()) is not None and not is_chosen(step.entry, self.chosen):
            await self.film.back()
        self.step = step

    def _choose(self, key: str, step: Step) -> None:
        """Follow only this entity, or only this kind; or again all that was asked for."""
        self.trail.clear()
        if self.chosen != self._asked:
            self.chosen = self._asked
        elif key == "e":
            self.chosen = msgspec.structs.replace(self._asked, entity=step.entry.event.id)
        else:
            self.chosen = msgspec.structs.replace(self._asked, kind=type(step.entry.event).__name__)


async def play(film: Film, chosen: EntryFilter, speed: float | None) -> None:
    """Let somebody wind a log until they leave."""
    player = Player(film, chosen, speed)
    console = Console(no_color=not in_color(sys.stdout), highlight=False)
    with Live(console=console, screen=True, auto_refresh=False) as live, keys_of(sys.stdin.fileno()) as pressed:
        await (player.forward() if film.seq == 0 else player.settle())
        while True:
            live.update(draw(player, console.height, console.width), refresh=True)
            try:
                async with asyncio.timeout(await player.pause_s()):
                    key = await pressed.get()
            except TimeoutError:
                await player.forward()
                continue
            if not await player.press(key):
                return


def draw(player: Player, height: int, width: int) -> RenderableType:
    """Draw where somebody is, within the terminal."""
    film, step = player.film, player.step
    state = f"playing, {player.speed:g} times as fast" if player.playing else "stopped"
    only = [text for text in (player.chosen.entity, player.chosen.kind) if text]
    head = f"entry {film.seq} of {film.end}, {state}{f', only {chr(32).join(only)}' if only else ''}"
    top = [Text(head, style="bold"), Text(in_sum(film)), Text("")]
    body = [Text("before the first entry")] if step is None else _step_lines(step)
    room = max(0, height - len(top) - len(body) - 3)
    trail = [_trail_line(one) for one in list(player.trail)[-room - 1 : -1]] if room else []
    lines = [*top, *trail, Text(""), *body]
    for line in lines:
        line.truncate(width, overflow="ellipsis")
    return Group(*lines[: height - 1], Text(HELP, style="dim", overflow="ellipsis", no_wrap=True))


def _step_lines(step: Step) -> list[Text]:
    """The step that is shown, with what the entry says."""
    entry = step.entry
    title = Text(
        f"{entry.seq}  {readable(iso(entry.at))}  {type(entry.event).__name__}  {safe(entry.event.id)}", "bold"
    )
    way = Text.assemble(
        (named(step.before), style_of(named(step.before))), " -> ", (named(step.after), style_of(named(step.after)))
    )
    reason = f", for {entry.correlation}" if entry.correlation else ""
    by = Text(f"of {safe(about(step.after))}, by {safe(entry.actor)}{reason}")
    payload = msgspec.to_builtins(entry.event)
    told = [Text(f"  {name}: {safe(msgspec.json.encode(value).decode())}") for name, value in payload.items()]
    return [title, way, by, *told]


def _trail_line(step: Step) -> Text:
    before, after = named(step.before), named(step.after)
    return Text(f"{step.entry.seq:>7}  {step.entry.event.id:<16} {before} -> {after}  {safe(about(step.after))}", "dim")
