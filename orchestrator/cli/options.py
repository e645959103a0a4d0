"""Options and arguments that several commands share."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from orchestrator.cli.failures import CliError, Exit

if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

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


def _as_text(_context: click.Context, parameter: click.Parameter, value: Any) -> Any:
    """Refuse arguments that are no text at all: bytes that are not UTF-8 reach us as surrogates."""
    for text in value if isinstance(value, tuple) else (value,):
        try:
            (text or "").encode()
        except UnicodeEncodeError:
            raise CliError(Exit.BAD_DATA, f"{parameter.human_readable_name}: {text!r} is not UTF-8 text") from None
    return value


def _keep_config(context: click.Context, _parameter: click.Parameter, value: str | None) -> None:
    if value is not None:
        session: Session = context.obj
        session.named = Path(value)


Decorator = "Callable[[Callable[..., None]], Callable[..., None]]"

json_option = click.option("--json", "as_json", is_flag=True, help="Print JSON.")
refs_argument = click.argument("refs", nargs=-1, required=True, metavar="REF...", callback=_as_text)
ref_argument = click.argument("ref", metavar="REF", callback=_as_text)


def text_argument(name: str, metavar: str) -> Callable[[Callable[..., None]], Callable[..., None]]:
    """One argument that is text."""
    return click.argument(name, metavar=metavar, callback=_as_text)


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
