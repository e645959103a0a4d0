"""From a log and a survey back to where things were.

The log says which JobRuns may have something that runs; the survey of the executor says what became of it. Together
they say for each: go on waiting, bring in its end, start it (nothing ever did), or it is lost.

Source: design section 3 (law 2); reference on reliability, section 3.2 (the recovery table).
"""

import msgspec

from orchestrator.catalog import Catalog
from orchestrator.executors.base import Survey
from orchestrator.observations import Exit
from statemachines import jobrun
from statemachines.ids import RunId
from statemachines.world import World


class Findings(msgspec.Struct, frozen=True):
    """What a start has to do about the JobRuns that were open when the last daemon ended."""

    ended: dict[str, Exit]
    """They ended while nobody looked, or are gone."""
    owing: tuple[RunId, ...]
    """Their states owe what they owe: a start that never happened, or a stop."""
    settled: tuple[str, ...]
    """Their ends are in the log: the executor may forget them."""
    strangers: tuple[str, ...]
    """They run, but this log knows nothing of them, or knows that they ended: they are stopped."""


def examine(world: World, survey: Survey, catalog: Catalog) -> Findings:
    """Hold what the log says against what the executor found."""
    ended: dict[str, Exit] = {}
    owing: list[RunId] = []
    for run_id in world.open_runs:
        run = world.runs[run_id]
        if not isinstance(run, jobrun.Launching | jobrun.Running | jobrun.Canceling):
            continue
        found = survey.get(run_id)
        if isinstance(found, Exit):
            ended[run_id] = found
        elif found == "running":
            owing.extend([run_id] if isinstance(run, jobrun.Canceling) else [])
        elif isinstance(run, jobrun.Launching) and not _is_inline(catalog, run):
            owing.append(run_id)
        else:
            ended[run_id] = _gone(run)
    others = [run for run in survey if run not in world.open_runs]
    return Findings(
        ended,
        tuple(owing),
        settled=tuple(run for run in others if isinstance(survey[run], Exit)),
        strangers=tuple(run for run in others if survey[run] == "running"),
    )


def _gone(run: jobrun.Launching | jobrun.Running | jobrun.Canceling) -> Exit:
    if isinstance(run, jobrun.Canceling):
        return Exit(kind="canceled", message="nothing of it was left when the daemon came back", stop_requested=True)
    return Exit(kind="lost", message="nothing of it was left when the daemon came back")


def _is_inline(catalog: Catalog, run: jobrun.Launching) -> bool:
    """What ran inside the last daemon may have run: it is never started again under the same id."""
    job = catalog.jobs.get(run.spec.job)
    return job is not None and job.executor == "inline"
