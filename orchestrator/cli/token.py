"""``wantd token``: who may ask the daemon over TCP."""

from __future__ import annotations

from typing import TYPE_CHECKING, cast

import click

from orchestrator.cli.options import json_option
from orchestrator.cli.speech import data, talk
from orchestrator.cli.tables import print_json, print_table

if TYPE_CHECKING:
    from orchestrator.api.tokens import Role
    from orchestrator.cli.session import Session


@click.group("token")
def token() -> None:
    """Tokens for asking the daemon over TCP, where [api] listen is configured."""


@token.command("create")
@click.argument("name")
@click.option(
    "--role",
    type=click.Choice(["read", "operate", "admin"]),
    default="read",
    help="What it may: read; operate, which is running jobs too; admin.",
)
@click.pass_obj
def create(session: Session, /, *, name: str, role: str) -> None:
    """Make a token for NAME and print it. It is shown this once; what is kept of it is no use to a thief."""
    from orchestrator.api.tokens import create_token

    data(create_token(session.layout().tokens, name, cast("Role", role)))
    talk(f"{name} may now {role}; give it as: Authorization: Bearer TOKEN")


@token.command("list")
@json_option
@click.pass_obj
def list_(session: Session, /, *, as_json: bool) -> None:
    """List the tokens there are, without what makes them work."""
    from orchestrator.api.tokens import list_tokens

    found = list_tokens(session.layout().tokens)
    if as_json:
        told = [{"id": one.id, "name": one.name, "role": one.role, "created_at": one.created_at} for one in found]
        print_json(told)
    else:
        print_table(
            ("id", "name", "role", "created_at"), [(one.id, one.name, one.role, one.created_at) for one in found]
        )


@token.command("revoke")
@click.argument("ids", nargs=-1, required=True, metavar="ID...")
@click.pass_obj
def revoke(session: Session, /, *, ids: tuple[str, ...]) -> None:
    """End tokens, by the ids that `wantd token list` shows. A daemon that runs takes them no more."""
    from orchestrator.api.tokens import revoke_token

    for one in ids:
        revoke_token(session.layout().tokens, one)
        talk(f"{one} is revoked")
