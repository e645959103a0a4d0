"""Clear away what a dead keeper's runs left behind, so that it is true when they are declared lost.

A process belongs to a run if its environment says so, or if it is in the session or group of the run's leader, where
that leader is known to be ours: it was started between the recorded clock ticks, or somebody in its session bears the
mark. A pid alone proves nothing, since it may have been given to a stranger.

A process that has left its session and cleaned its environment is not found.
"""

import os
import time
from collections.abc import Iterable

from orchestrator.executors.base import ExecutorError
from orchestrator.executors.keeper import procfs
from orchestrator.executors.keeper.journal import Recorded
from orchestrator.executors.keeper.procfs import Mark, Process

_PATIENCE_S = 10.0
_POLL_S = 0.005


def clear_leftovers(recorded: Recorded) -> None:
    """Kill what is left of the runs that have no end, and see it gone. Blocks; raises ExecutorError after 10 s."""
    if recorded.header["boot"] != procfs.boot_id() or recorded.claims.keys() <= recorded.ends.keys():
        return
    give_up_at = time.monotonic() + _PATIENCE_S
    while left := _find(recorded):
        if time.monotonic() > give_up_at:
            pids = ", ".join(str(process.pid) for process in left)
            raise ExecutorError(
                f"processes {pids} belong to runs whose keeper died and cannot be killed; "
                f"look at them with ps (state D waits for a disk or network), then start again"
            )
        for process in left:
            procfs.kill(process)
        time.sleep(_POLL_S)


def _find(recorded: Recorded) -> list[Process]:
    unended = recorded.claims.keys() - recorded.ends.keys()
    everyone = {process.pid: process for process in procfs.processes() if process.pid != os.getpid()}
    marks = {Mark(recorded.header["keeper"], run) for run in unended}
    marked = {pid for pid in everyone if procfs.mark_of(pid) in marks}
    sessions = _our_sessions(recorded, unended, everyone, marked)
    return [
        process
        for process in everyone.values()
        if not process.is_dead and (process.pid in marked or {process.session, process.group} & sessions)
    ]


def _our_sessions(
    recorded: Recorded, unended: Iterable[str], everyone: dict[int, Process], marked: set[int]
) -> set[int]:
    leaders = {recorded.began[run] for run in unended if run in recorded.began}
    with_marks = {everyone[pid].session for pid in marked}
    return {leader.pid for leader in leaders if leader.pid in with_marks or leader.is_still(everyone.get(leader.pid))}
