"""The live display of a want on a terminal: one line a job, the JobRuns that run, what each of them said last.

Everything that comes from jobs is drawn as text without markup, with control characters shown. The height follows the
terminal; what does not fit is counted.
"""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Self

from rich.console import Console, Group
from rich.live import Live as RichLive
from rich.table import Table
from rich.text import Text

from orchestrator.cli.feed import seconds_between, told
from orchestrator.cli.speech import counted, in_color, safe

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from rich.console import RenderableType

    from orchestrator.api.door import Door
    from orchestrator.cli.feed import Ended
    from orchestrator.views.shapes import JobProgress, Progress, RunProgress

BAR = 20
FULL, HALF, EMPTY = "━", "╸", "─"
MOVING = (("building", "under way"), ("ready", "ready"), ("backoff", "to be tried again"), ("waiting", "waiting"))
BAD = (("failed", "failed"), ("upfailed", "failed upstream"))

Needs = "Mapping[str, set[str]]"


class Live:
    """Draws over itself until it is left; whatever happens, the terminal is as before then."""

    def __init__(self) -> None:
        self._console = Console(file=sys.stderr, no_color=not in_color(sys.stderr), highlight=False)
        self._live = RichLive(console=self._console, auto_refresh=False, transient=True)
        self._needs: Mapping[str, set[str]] | None = None

    def __enter__(self) -> Self:
        """Begin to draw."""
        self._live.__enter__()
        return self

    def __exit__(self, *_: object) -> None:
        """Take the drawing away, and show the cursor."""
        self._live.__exit__(None, None, None)

    def line(self, text: str) -> None:
        """Say something that stays, above the drawing."""
        self._console.print(Text(safe(text)))

    def ended(self, run: Ended) -> None:
        """What failed stays on the screen; the rest is in the numbers."""
        if run.is_news:
            self._console.print(Text(safe(told(run)), style="red"))

    async def look(self, door: Door, want: str) -> None:
        """Draw how the want stands now."""
        if self._needs is None:
            self._needs = await needs_by_job(door)
        progress = await door.progress(want)
        self._live.update(draw(progress, self._needs, self._console.height - 1), refresh=True)


async def needs_by_job(door: Door) -> dict[str, set[str]]:
    """Which jobs and externals each job reads from, by its declaration."""
    needs: dict[str, set[str]] = {}
    for edge in (await door.graph()).edges:
        needs.setdefault(edge.target, set()).add(edge.source)
    return needs


def draw(progress: Progress, needs: Mapping[str, set[str]], height: int) -> RenderableType:
    """Draw a moment of a want in so many lines."""
    jobs = progress.jobs[: max(1, height - 4)]
    room = max(0, height - len(jobs) - 2)
    running = progress.running if len(progress.running) <= room else progress.running[: max(0, room - 1)]
    parts: list[RenderableType] = [_jobs(jobs, progress.jobs, needs)]
    if running:
        parts += [Text(""), _running(running, progress.now)]
    unseen = len(progress.running) - len(running)
    parts.append(Text(", ".join(_foot(progress, unseen)), style="dim"))
    return Group(*parts)


def _jobs(shown: Iterable[JobProgress], known: Iterable[JobProgress], needs: Mapping[str, set[str]]) -> Table:
    unfinished = {job.job for job in known if job.cases.get("done", 0) < job.total}
    table = Table.grid(padding=(0, 2))
    table.add_column(no_wrap=True)
    table.add_column(width=BAR)
    table.add_column(justify="right", no_wrap=True)
    table.add_column(no_wrap=True, overflow="ellipsis")
    for job in shown:
        waits_for = needs.get(job.job, set()) & unfinished
        count = f"{job.cases.get('done', 0)}/{job.total}"
        table.add_row(Text(safe(job.job)), _bar(job), Text(count), _words(job, sorted(waits_for)))
    return table


def _bar(job: JobProgress) -> Text:
    done = BAR * job.cases.get("done", 0) // max(1, job.total)
    bad = sum(job.cases.get(case, 0) for case, _ in BAD)
    failed = min(BAR - done, -(-BAR * bad // max(1, job.total)))
    moving = min(BAR - done - failed, -(-BAR * job.cases.get("building", 0) // max(1, job.total)))
    rest = BAR - done - failed - moving
    return Text.assemble(
        (FULL * done, "green"), (FULL * failed, "red"), (HALF * moving, "yellow"), (EMPTY * rest, "dim")
    )


def _words(job: JobProgress, waits_for: list[str]) -> Text:
    text = Text()
    for cases, style in ((BAD, "red"), (MOVING, "")):
        for case, word in cases:
            if count := job.cases.get(case, 0):
                text.append(", " if text else "").append(f"{count} {word}", style=style)
    if waits_for and job.cases.get("waiting", 0):
        text.append(f" for {', '.join(map(safe, waits_for))}")
    return text


def _running(runs: Iterable[RunProgress], now: str) -> Table:
    table = Table.grid(padding=(0, 2))
    table.add_column(no_wrap=True)
    table.add_column(justify="right", no_wrap=True)
    table.add_column(no_wrap=True, overflow="ellipsis", ratio=1)
    table.add_column(no_wrap=True, overflow="ellipsis", ratio=1)
    for run in runs:
        more = f" and {run.outputs_count - 1} more" if run.outputs_count > 1 else ""
        what = Text(safe(f"{run.first_output}{more}"))
        age = Text(f"{seconds_between(run.since, now):.0f} s", style="dim")
        table.add_row(Text(f"▸ {safe(run.job)}", style="yellow"), age, what, Text(safe(run.last_line), style="dim"))
    return table


def _foot(progress: Progress, unseen: int) -> Iterator[str]:
    if unseen:
        yield f"{unseen} more run"
    if progress.queued:
        yield f"{counted(progress.queued, 'JobRun')} waiting for slots or a batch"
    minutes, seconds = divmod(int(seconds_between(progress.want.created_at, progress.now)), 60)
    yield f"{minutes}:{seconds:02}"
