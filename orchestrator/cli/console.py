"""``wantd console``: let a browser into the console of the daemon."""

from __future__ import annotations

import getpass
import re
from typing import TYPE_CHECKING, cast

import click

from orchestrator.cli.failures import CliError, Exit
from orchestrator.cli.speech import data, talk

if TYPE_CHECKING:
    from orchestrator.api.tokens import Role
    from orchestrator.cli.session import Session


@click.command("console")
@click.option(
    "--role",
    type=click.Choice(["read", "operate", "admin"]),
    default="operate",
    help="What who logs in may do: read; operate, which is running jobs too; admin.",
)
@click.option("--name", metavar="NAME", help="Who it is: stands in the log as console:NAME. Otherwise your user name.")
@click.pass_obj
def console(session: Session, /, *, role: str, name: str | None) -> None:
    """Print where the console is, with a code to log in with once, within five minutes."""
    from orchestrator.config import load_config
    from orchestrator.config.listening import parse_address
    from orchestrator.console.codes import create_code

    api = load_config(session.config_path(), cpus=1).api
    address = parse_address(api.listen or "")
    if address is None:
        why = "the console is a page of the daemon's TCP listener, and none is configured"
        raise CliError(Exit.BAD_CONFIG, why, 'write: [api] listen = "127.0.0.1:4747", and start the daemon anew')
    code = create_code(session.layout().codes, name or _user(), cast("Role", role))
    scheme = "https" if api.certificate is not None or api.behind_proxy else "http"
    host = next(iter(api.hosts), min(address.hosts))
    data(f"{scheme}://{host}/console/login?code={code}")
    talk(f"opens the console of {session.layout().state}, once and within five minutes, to {role}")


def _user() -> str:
    """The user's name, in the form that names have here."""
    return re.sub("[^a-z0-9._-]", "-", getpass.getuser().lower()).strip("-._") or "user"
