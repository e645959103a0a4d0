"""``wantd build``: want, wait, show how it goes.

With a daemon the daemon builds; without one the same engine runs in this process. Either way the want is an ordinary
one, and the log tells the same story. Ctrl-C cancels the want that was made here and waits until what ran for it has
ended; a second one leaves at once.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from orchestrator.cli.options import DURATION, json_option, refs_argument
from orchestrator.cli.session import not_without_daemon
from orchestrator.cli.speech import data
from orchestrator.cli.tables import print_json
from orchestrator.cli.wants import make_wish, wish_options

if TYPE_CHECKING:
    from orchestrator.cli.session import Session
    from orchestrator.views.shapes import Wish


@click.command("build")
@refs_argument
@wish_options
@click.option("--timeout", type=DURATION, help="Cancel it after this long, with exit code 124.")
@click.option("--detach", is_flag=True, help="Do not wait: print the want's id, and let the daemon build.")
@json_option
@click.pass_context
def build(
    context: click.Context,
    /,
    *,
    refs: tuple[str, ...],
    timeout: float | None,
    detach: bool,
    as_json: bool,
    **told: object,
) -> None:
    """Have these refs built, and wait for them.

    REF may also be a range (date=2013-01-01..2013-01-31), alternatives ({a,b}) or a glob over what is known.
    """
    import asyncio

    session: Session = context.obj
    wish = make_wish(refs, told)
    if detach:
        asyncio.run(_detach(session, wish, as_json=as_json))
    else:
        context.exit(asyncio.run(_build(session, wish, timeout, as_json=as_json)))


async def _detach(session: Session, wish: Wish, *, as_json: bool) -> None:
    door = await session.running_daemon()
    if door is None:
        raise not_without_daemon("--detach")
    try:
        made = await door.create_want(wish)
    finally:
        await door.close()
    if as_json:
        print_json(made)
    else:
        data(made.id)


async def _build(session: Session, wish: Wish, timeout_s: float | None, *, as_json: bool) -> int:
    from orchestrator.cli.watch import Interruptions, Watch

    async with session.working_door() as door:
        with Interruptions() as interruptions:
            before = (await door.status()).seq
            made = await door.create_want(wish)
            code = await Watch(door, made, before, interruptions).follow(timeout_s)
        if as_json:
            print_json(await door.want(made.id))
        return code
