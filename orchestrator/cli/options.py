"""Options and arguments that several commands share."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from collections.abc import Callable

    from orchestrator.cli.session import Session


class DurationType(click.ParamType[float]):
    """A duration as the configuration writes it, in seconds."""

    name = "duration"

    def convert(self, value: object, param: click.Parameter | None, ctx: click.Context | None) -> float:
        from orchestrator.config.units import parse_duration

        if isinstance(value, float):
            return value
        try:
            return parse_duration(value) / 1_000_000
        except ValueError as error:
            self.fail(str(error), param, ctx)


DURATION = DurationType()


class StateType(click.ParamType[str]):
    """The name of a state of a machine, in capitals or not."""

    name = "state"

    def __init__(self, machine: str) -> None:
        self.machine = machine

    def convert(self, value: object, param: click.Parameter | None, ctx: click.Context | None) -> str:
        from orchestrator.views.shapes import STATE_NAMES

        names = {name.casefold(): name for name in STATE_NAMES[self.machine]}
        found = names.get(str(value).casefold())
        if found is None:
            self.fail(
                f"{value!r} is no state of a {self.machine}; write one of {', '.join(names.values())}", param, ctx
            )
        return found


def state_option(machine: str) -> Callable[[Callable[..., None]], Callable[..., None]]:
    """``--state``: only what is in one of these states."""
    kind = StateType(machine)
    return click.option("--state", "states", type=kind, multiple=True, help="Only in this state; may be repeated.")


def _keep_config(context: click.Context, _parameter: click.Parameter, value: str | None) -> None:
    if value is not None:
        session: Session = context.obj
        session.named = Path(value)


def _keep_moment(context: click.Context, _parameter: click.Parameter, value: str | None) -> None:
    session: Session = context.obj
    session.moment = value


at_option = click.option(
    "--at",
    metavar="MOMENT",
    expose_value=False,
    callback=_keep_moment,
    help="As of then: a seq, a time (ISO 8601) or how long ago (-2h).",
)
json_option = click.option("--json", "as_json", is_flag=True, help="Print JSON.")
refs_argument = click.argument("refs", nargs=-1, required=True, metavar="REF...")
ref_argument = click.argument("ref", metavar="REF")


def reason_option(text: str) -> Callable[[Callable[..., None]], Callable[..., None]]:
    """Say why."""
    return click.option("--reason", default="", metavar="TEXT", help=text)


def config_option() -> click.Option:
    """Every command takes ``--config``, so that it may stand anywhere on the line."""
    return click.Option(
        ["--config"],
        metavar="FILE",
        expose_value=False,
        is_eager=True,
        callback=_keep_config,
        help="The configuration; else $WANTD_CONFIG, else wantd.toml here or above.",
    )
