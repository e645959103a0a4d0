"""Jobs and externals as they are configured, and who makes a ref."""

from collections.abc import Iterable
from typing import get_args

from orchestrator.catalog import External, Job, parse_pattern
from orchestrator.config import Config, InputTable
from orchestrator.planning.board import Board
from orchestrator.views.looking import needs_of, peek, problem_of, seconds
from orchestrator.views.shapes import JobView, Lookup, NeedView
from statemachines import jobrun
from statemachines.refs import Ref

_ASKED = "its configure executable is asked what it needs when it is wanted"
_DYNAMIC = "it finds out what it needs while it runs; shown is what it read last"


def jobs(board: Board, config: Config) -> tuple[JobView, ...]:
    """All jobs, then all externals, in the order of the configuration."""
    catalog, inputs = board.recipes.catalog, declared_inputs(config)
    made = (_job(job, inputs[job.name], _open_runs(board, job.name)) for job in catalog.jobs.values())
    given = (JobView(e.name, "external", e.outputs, description=e.description) for e in catalog.externals.values())
    return (*made, *given)


def declared_inputs(config: Config) -> dict[str, tuple[str, ...]]:
    """The texts of each job's inputs."""
    return {
        table.name: tuple(entry.ref if isinstance(entry, InputTable) else entry for entry in table.inputs)
        for table in config.jobs
    }


def lookup(board: Board, ref: Ref) -> Lookup:
    """Who makes a ref and what it needs, or the patterns nearest to it."""
    maker = board.recipes.maker(ref)
    if maker is None:
        return Lookup(ref, "nobody", nearest=board.recipes.catalog.nearest(ref))
    pattern, bindings = _reading(maker.outputs, ref)
    found = Lookup(ref, "external", maker.name, pattern, bindings)
    if isinstance(maker, External):
        return found
    return Lookup(ref, "job", maker.name, pattern, bindings, _needs(board, ref), _note(board, maker, ref))


def _open_runs(board: Board, job: str) -> dict[str, int]:
    """How many JobRuns of a job are in each state of those that have not ended."""
    found = {state.__name__: board.world.numbers.get((state, job), 0) for state in get_args(jobrun.Open)}
    return {state: number for state, number in found.items() if number}


def _job(job: Job, inputs: tuple[str, ...], runs: dict[str, int]) -> JobView:
    return JobView(
        name=job.name,
        kind="job",
        outputs=job.outputs,
        inputs=inputs,
        description=job.description,
        executor=job.executor,
        command=job.command,
        python=job.python,
        configure=job.configure,
        dynamic=job.dynamic,
        pool=job.pool,
        slots=job.slots,
        batch_max=job.batch_max,
        priority=job.priority,
        timeout_s=seconds(job.timeout_us),
        on_code_change=job.on_code_change,
        fingerprint=job.fingerprint,
        runs=runs,
    )


def _reading(outputs: Iterable[str], ref: Ref) -> tuple[str | None, dict[str, str]]:
    """The pattern that matches a ref, and what its placeholders stand for, as they are written."""
    for text in outputs:
        pattern = parse_pattern(text)
        found = pattern.regex.fullmatch(ref) if pattern.match(ref) is not None else None
        if found is not None:
            names = (place.name for place in pattern.placeholders)
            return text, dict(zip(names, found.groups(), strict=True))
    return None, {}


def _needs(board: Board, ref: Ref) -> tuple[NeedView, ...]:
    needs = needs_of(board, peek(board, ref))
    return tuple(NeedView(need, kind, peek(board, need).done) for need, kind in needs.items())


def _note(board: Board, job: Job, ref: Ref) -> str:
    if job.configure is not None and board.recipes.recipe(ref) is None:
        return _ASKED
    return problem_of(board, ref) or (_DYNAMIC if job.dynamic else "")
