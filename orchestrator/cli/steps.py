"""The steps of a replay, told: as lines, or on a terminal by keys."""

from __future__ import annotations

import asyncio
import sys
from typing import TYPE_CHECKING, NamedTuple

import msgspec

from bel.open import open_reader
from orchestrator.cli.failures import CliError, Exit
from orchestrator.cli.speech import data, is_drawn, readable, talk
from orchestrator.cli.tables import print_json_line
from orchestrator.history.at import NoMoment, find_moment
from orchestrator.history.film import Film, State, Step
from orchestrator.runtime.clock import SystemClock
from orchestrator.runtime.codec import CODEC
from orchestrator.views.entries import entry_view, is_chosen
from orchestrator.views.looking import iso
from orchestrator.views.shapes import StepView
from statemachines import want
from statemachines.partition import Partition
from statemachines.traits import head_of

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

    from bel.log import ReadableLog
    from orchestrator.history.at import Moment
    from orchestrator.views.shapes import EntryFilter
    from statemachines.events import AnyEvent


class Telling(NamedTuple):
    """How the steps are told where there are no keys."""

    as_json: bool
    backwards: bool
    speed: float | None
    """How many times as fast as it happened; None: at once."""


async def tell(log: Path, until: str | None, chosen: EntryFilter, telling: Telling) -> None:
    """Go through a log up to a moment. It may be written meanwhile."""
    async with await open_reader(log, CODEC) as reader:
        film = Film(reader, reader.head.seq if until is None else (await moment_in(reader, until)).seq)
        if telling.backwards:
            await film.wind(film.end)
        if is_drawn(sys.stdout) and sys.stdin.isatty() and not telling.as_json:
            from orchestrator.cli.player import play

            await play(film, chosen, telling.speed)
            return
        async for step in _steps(film, chosen, telling):
            _print_step(step, as_json=telling.as_json)
        talk(f"at entry {film.seq}: {in_sum(film)}")


async def _steps(film: Film, chosen: EntryFilter, telling: Telling) -> AsyncIterator[Step]:
    """Give the steps that are chosen, at the speed that was asked for."""
    wind = film.back if telling.backwards else film.forward
    last: Step | None = None
    while (step := await wind()) is not None:
        if not is_chosen(step.entry, chosen):
            continue
        if telling.speed is not None and last is not None:
            await asyncio.sleep(abs(step.entry.at - last.entry.at) / 1_000_000 / telling.speed)
        last = step
        yield step
        if telling.speed is not None:
            sys.stdout.flush()


def _print_step(step: Step, *, as_json: bool) -> None:
    if as_json:
        print_json_line(step_view(step))
        return
    entry, before, after = step.entry, named(step.before), named(step.after)
    what = f"{type(entry.event).__name__:<24} {entry.event.id:<16}"
    data(readable(f"{entry.seq:>7}  {iso(entry.at)}  {what} {before} -> {after}  {about(step.after)}".rstrip()))


async def moment_in(log: ReadableLog[AnyEvent], text: str) -> Moment:
    """Find the moment of a log that a text means."""
    try:
        return await find_moment(log, text, SystemClock().now())
    except NoMoment as error:
        raise CliError(Exit.NOTHING_THERE if error.outside else Exit.BAD_DATA, error.why, error.hint) from None


def in_sum(film: Film) -> str:
    """Count the entities by kind and state, in one line."""
    groups: dict[str, list[str]] = {}
    for (kind, state), number in sorted(film.counts.items()):
        if number:
            groups.setdefault(kind, []).append(f"{number} {state}")
    return "; ".join(f"{kind}s: {', '.join(states)}" for kind, states in groups.items()) or "nothing is there"


def named(state: State | None) -> str:
    """The name of a state."""
    return "nothing" if state is None else type(state).__name__


def about(state: State) -> str:
    """Say in a few words what an entity is."""
    if isinstance(state, Partition):
        return state.spec.ref
    return " ".join(state.spec.refs[:1]) if isinstance(state, want.Want) else head_of(state).job


def step_view(step: Step) -> StepView:
    """A step as programs read it."""
    before = None if step.before is None else msgspec.to_builtins(step.before)
    return StepView(entry_view(step.entry), before, msgspec.to_builtins(step.after))
