"""``wantd bel recover``: go on with the sound part of a damaged log.

It holds the state directory, so no daemon runs meanwhile. A sound log is refused: what makes no sense although every
byte is as it was written is not damage, and dropping entries would not mend it.
"""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

import click

from orchestrator.cli.failures import CliError, Exit
from orchestrator.cli.speech import talk

if TYPE_CHECKING:
    from pathlib import Path

    from bel.recover import Recovery
    from orchestrator.cli.session import Session
    from orchestrator.runtime.layout import Layout


@click.command("recover")
@click.option("--dry-run", is_flag=True, help="Only say what would be kept and what dropped.")
@click.pass_obj
def recover(session: Session, /, *, dry_run: bool) -> None:
    """Keep what is sound of a damaged log, and write what is not beside it.

    The log is kept up to its last whole batch before the damage; the damaged file stays as it is under another name.
    Exit 1 if nothing is damaged. No daemon may be running.
    """
    import asyncio

    layout = session.layout()
    if not layout.log.exists():
        raise CliError(
            Exit.NOTHING_THERE, f"there is no log at {layout.log}", "it begins with the first: wantd build REF"
        )
    told = asyncio.run(_recovered(layout, dry_run=dry_run))
    if told.dropped_file is None:
        why = f"nothing is damaged: all {told.kept} entries are as they were written"
        raise CliError(Exit.NO, why, "whether they make sense is said by: wantd bel verify")
    _tell(told, told.dropped_file, "would be" if dry_run else "were")


async def _recovered(layout: Layout, *, dry_run: bool) -> Recovery:
    from bel.lock import Holder, take_lock
    from bel.recover import foresee
    from bel.recover import recover as recover_log

    lock = await take_lock(layout.state, Holder.this_process(time.time_ns() // 1000))
    try:
        return await (foresee if dry_run else recover_log)(layout.log)
    finally:
        lock.release()


def _tell(told: Recovery, dropped_file: Path, verb: str) -> None:
    talk(f"the damage: {told.reason}")
    kept = f"entries 1 to {told.kept}" if told.kept else "no entry"
    talk(f"{verb} kept: {kept}")
    talk(f"{verb} dropped: {told.dropped} entries, written down in {dropped_file}")
    talk(f"{verb} set aside: the damaged log, as {dropped_file.with_suffix('').with_suffix('')}")
