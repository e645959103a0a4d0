"""``wantd want``: wishes, one by one."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from orchestrator.cli.failures import Exit
from orchestrator.cli.options import DURATION, at_option, json_option, reason_option, refs_argument, state_option
from orchestrator.cli.session import not_without_daemon
from orchestrator.cli.speech import data, talk
from orchestrator.cli.tables import print_fields, print_json, print_table

if TYPE_CHECKING:
    from collections.abc import Callable

    from orchestrator.api.door import Door
    from orchestrator.cli.session import Session
    from orchestrator.views.shapes import WantDetail, WantStateName, WantView, Wish

OPEN: tuple[WantStateName, ...] = ("Idle", "Building", "UpstreamBuilding", "Paused")
WAIT_S = 3600.0
"""How long one question of ``wait`` stands before it is asked again."""

want_argument = click.argument("want", metavar="WANT")


def wish_options(command: Callable[..., None]) -> Callable[..., None]:
    """What a wish may say besides its refs."""
    for option in (
        click.option(
            "--plan", metavar="DIGEST", help="Only if it does what this plan said (wantd plan tells its digest)."
        ),
        click.option("--comment", default="", metavar="TEXT", help="A note for people."),
        click.option("--idempotency-key", metavar="KEY", help="The same key makes one want, however often it is sent."),
        click.option("--sla", type=DURATION, help='Late after this long, such as "2h".'),
        click.option("--ttl", type=DURATION, help="Expires after this long."),
        click.option("--priority", type=int, default=0, help="Higher goes first."),
    ):
        command = option(command)
    return command


def make_wish(refs: tuple[str, ...], told: dict[str, object]) -> Wish:
    """Make the wish that the options describe."""
    import msgspec

    from orchestrator.views.shapes import Wish

    renamed = {"ttl": "ttl_s", "sla": "sla_s"}
    fields = {renamed.get(name, name): value for name, value in told.items()}
    return msgspec.convert({"refs": refs, "source": "cli", **fields}, Wish)


@click.group("want")
def want() -> None:
    """Wishes: which partitions should exist."""


@want.command("create")
@refs_argument
@wish_options
@click.option(
    "--data-timestamp", metavar="TIME", help="The moment its data is about (ISO 8601); the SLA counts from it."
)
@json_option
@click.pass_obj
def create(session: Session, /, *, refs: tuple[str, ...], as_json: bool, **told: object) -> None:
    """Say that partitions should exist, and print the want's id."""
    wish = make_wish(refs, told)
    made = session.ask(lambda door: door.create_want(wish))
    if as_json:
        print_json(made)
    else:
        data(made.id)


@want.command("list")
@state_option("want")
@click.option("--open", "is_open", is_flag=True, help="Only those that are not closed.")
@click.option("--ref", default="", metavar="REF", help="Only those that name this ref.")
@at_option
@json_option
@click.pass_obj
def list_(session: Session, /, *, states: tuple[WantStateName, ...], is_open: bool, ref: str, as_json: bool) -> None:
    """List wants, oldest first."""
    from orchestrator.views.shapes import WantFilter

    chosen = WantFilter(states=(*states, *OPEN) if is_open else states, ref=ref)
    found = session.read(lambda door: door.wants(chosen))
    if as_json:
        print_json(found)
        return
    rows = [(one.id, one.state, wished(one), one.since, one.actor, one.comment) for one in found]
    print_table(("want", "state", "refs", "since", "actor", "comment"), rows)


@want.command("show")
@want_argument
@at_option
@json_option
@click.pass_obj
def show(session: Session, /, *, want: str, as_json: bool) -> None:
    """Show a want: how each of its refs stands, and what failed."""
    found = session.read(lambda door: door.want(want))
    if as_json:
        print_json(found)
    else:
        _print_detail(found)


@want.command("wait")
@want_argument
@click.option("--timeout", type=DURATION, help="Give up after this long, with exit code 124.")
@json_option
@click.pass_context
def wait(context: click.Context, /, *, want: str, timeout: float | None, as_json: bool) -> None:
    """Wait until a want is closed: exit 0 if it was successful, 1 if not, 124 when the time is over."""
    session: Session = context.obj
    found = session.converse(lambda door: wait_until_closed(door, want, timeout))
    if as_json:
        print_json(found)
    else:
        talk(f"{found.id} is {found.state}")
    if found.state in OPEN:
        context.exit(Exit.TIMED_OUT)
    context.exit(Exit.DONE if found.state == "Successful" else Exit.NO)


@want.command("cancel")
@want_argument
@reason_option("Why, for those who ask later.")
@json_option
@click.pass_obj
def cancel(session: Session, /, *, want: str, reason: str, as_json: bool) -> None:
    """Cancel a want. What nobody else wants is stopped."""
    _tell(session.ask(lambda door: door.cancel_want(want, reason)), as_json=as_json)


@want.command("retry")
@want_argument
@json_option
@click.pass_obj
def retry(session: Session, /, *, want: str, as_json: bool) -> None:
    """Try a failed want again."""
    _tell(session.ask(lambda door: door.retry_want(want)), as_json=as_json)


@want.command("pause")
@want_argument
@reason_option("Why, for those who ask later.")
@json_option
@click.pass_obj
def pause(session: Session, /, *, want: str, reason: str, as_json: bool) -> None:
    """Let a want demand nothing for now. What runs may finish."""
    _tell(session.ask(lambda door: door.pause_want(want, reason)), as_json=as_json)


@want.command("resume")
@want_argument
@json_option
@click.pass_obj
def resume(session: Session, /, *, want: str, as_json: bool) -> None:
    """Let a paused want go on."""
    _tell(session.ask(lambda door: door.resume_want(want)), as_json=as_json)


async def wait_until_closed(door: Door, want: str, timeout_s: float | None) -> WantView:
    """Wait for a want however long it takes; the door itself waits only so long."""
    import asyncio

    loop = asyncio.get_running_loop()
    ends = None if timeout_s is None else loop.time() + timeout_s
    status = await door.status()
    while True:
        left = WAIT_S if ends is None else max(0.0, ends - loop.time())
        found = await door.wait_want(want, min(left, WAIT_S))
        if found.state not in OPEN or (ends is not None and loop.time() >= ends):
            return found
        if not status.daemon:
            raise not_without_daemon(f"waiting for {found.id}, which is {found.state},")
        await asyncio.sleep(min(left, 0.5) if found.state == "Paused" else 0)


def wished(want: WantView) -> str:
    """Say in a few words what a want is about."""
    more = want.refs_count - 1
    return want.first_ref if more < 1 else f"{want.first_ref} and {more} more"


def _spoken(case: str) -> str:
    """Say a case in words; those that the codes run together are parted."""
    return {"not_done": "not done", "upfailed": "failed upstream"}.get(case, case)


def _tell(want: WantView, *, as_json: bool) -> None:
    if as_json:
        print_json(want)
    else:
        talk(f"{want.id} is {want.state}")


def _print_detail(found: WantDetail) -> None:
    want = found.want
    print_fields(
        [
            ("want", want.id),
            ("state", f"{want.state}{', late' if want.late else ''}"),
            ("reason", want.reason),
            ("since", want.since),
            ("created", f"{want.created_at} by {want.actor}"),
            ("priority", want.priority or None),
            ("expires", want.expires_at),
            ("late at", want.late_at),
            ("key", want.idempotency_key),
            ("comment", want.comment),
            ("refs", ", ".join(f"{count} {_spoken(case)}" for case, count in found.cases.items() if count)),
        ]
    )
    data("")
    print_table(("ref", "case", "why"), [(one.ref, _spoken(one.case), one.text) for one in found.refs])
    if found.failures:
        data("")
        print_table(("failed", "why", "jobrun"), [(one.ref, one.reason, one.run) for one in found.failures])
