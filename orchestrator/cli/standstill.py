"""Saying why a want stands still: nothing runs, nothing will by itself, and somebody outside has to do something.

A person who waits for data that nobody has reported would otherwise look at a display that never moves.
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from orchestrator.cli.speech import counted

if TYPE_CHECKING:
    from orchestrator.api.door import Door
    from orchestrator.views.shapes import Progress

BY_ITSELF = ("building", "ready", "backoff")
"""What moves without anybody's help."""


async def standstill(door: Door, want: str) -> tuple[str, ...]:
    """Say what a want waits for that no job brings, and what to do; nothing while something moves."""
    progress = await door.progress(want)
    externals = {job.name for job in await door.jobs() if job.kind == "external"}
    awaited = _awaited(progress, externals)
    if _moves(progress) or not awaited:
        return ()
    names = ", ".join(f"{counted(count, 'ref')} of {name}" for name, count in awaited.items())
    return (
        f"nothing runs: {names} to be reported from outside; wantd why {progress.want.first_ref} names them",
        f"   {_how(is_here=(await door.status()).pid == os.getpid())}",
    )


def _awaited(progress: Progress, externals: set[str]) -> dict[str, int]:
    found = {job.job: job.total - job.cases.get("done", 0) for job in progress.jobs if job.job in externals}
    return {name: count for name, count in found.items() if count}


def _moves(progress: Progress) -> bool:
    ahead = any(job.cases.get(case, 0) for job in progress.jobs for case in BY_ITSELF)
    return bool(progress.running or progress.queued or ahead)


def _how(*, is_here: bool) -> str:
    """Say how to report, which needs the log; while ``build`` runs without a daemon it has the log to itself."""
    if is_here:
        return "end this with Ctrl-C, then: wantd partition report REF; or build beside `wantd serve`"
    return "report each with: wantd partition report REF"
