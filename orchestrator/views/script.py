"""A plan as a shell script that does the same without wantd: one step a JobRun, in order, under the job contract.

What cannot be said beforehand is refused, not guessed. The script does less than wantd: one step at a time, no
retries, no timeouts, nothing shared and nothing remembered; its outputs lie in a folder of its own.

Source: design section 7 (the job contract) and section 10 (plan --format sh).
"""

import shlex
from collections.abc import Iterator

import msgspec

from orchestrator.catalog import Catalog, Job
from orchestrator.planning.starting import UNVERSIONED
from orchestrator.views.shapes import Plan, PlannedRef, PlannedRun
from statemachines.ids import LOCAL

_HEAD = """#!/bin/sh
# {count} steps that build {what}, without wantd.
# Outputs go below the folder named by the first argument, which must not exist yet: <folder>/<ref>/data
set -eu
OUT=${{1:?"say where the outputs go: sh $0 FOLDER"}}
case $OUT in *'"'*|*'\\'*) echo "$0: a folder with quotes or backslashes in its name cannot be used" >&2; exit 2;; esac
mkdir "$OUT"
OUT=$(cd "$OUT" && pwd)
cd {folder}

# step NUMBER JOB: reads a context from standard input and prepares the folder of a step
step() {{
    STEP=$OUT/.steps/$1
    mkdir -p "$STEP"
    cat > "$STEP/context.json"
    : > "$STEP/report"
    echo "step $1 of {count}: job $2" >&2
}}

# made FILE...: what a step was to make has to be there, and it may have reported nothing missing or failed
made() {{
    if grep -Eq '^ *\\{{ *"(missing|failed)"' "$STEP/report"; then
        echo "$0: it reported that something is missing or failed:" >&2; cat "$STEP/report" >&2; exit 1
    fi
    for made in "$@"; do [ -e "$made" ] || {{ echo "$0: it made nothing at $made" >&2; exit 1; }}; done
}}
"""

_PYTHON_HEAD = (
    "# Python jobs are called through wantd.job, one file of the standard library only; it must be importable.\n"
)

_CALL = (
    "import importlib, os, sys; sys.path.insert(0, os.getcwd()); from wantd.job import Context; "
    "module, _, name = sys.argv[1].partition(':'); "
    "getattr(importlib.import_module(module), name)(Context(os.environ['WANTD_CONTEXT'], os.environ['WANTD_REPORT']))"
)


class NotScriptable(ValueError):
    """A plan that no script can follow: why, and what to do instead."""


def render_sh(plan: Plan, catalog: Catalog) -> str:
    """The script of a plan. Raises NotScriptable."""
    _refuse(plan)
    head = _HEAD.format(count=len(plan.runs), what=_shown(plan.refs), folder=shlex.quote(str(catalog.folder)))
    jobs = [catalog.job(run.job) for run in plan.runs]
    python = _PYTHON_HEAD if any(job.python is not None for job in jobs) else ""
    steps = (_step(plan, catalog, job, run) for job, run in zip(jobs, plan.runs, strict=True))
    return "\n".join((head + python, *steps, f"echo {shlex.quote('done')} >&2\n"))


def _refuse(plan: Plan) -> None:
    reasons: tuple[tuple[tuple[PlannedRef, ...], str], ...] = (
        (plan.impossible, "cannot be built"),
        (plan.awaited, "has to come from outside first"),
        (plan.under_way, "is being built right now; wait until it is there"),
        (plan.unknown, "cannot be scripted: only a running daemon can ask its job"),
    )
    for refs, why in reasons:
        if refs:
            raise NotScriptable(f"{refs[0].ref} {why}: {refs[0].text}; use wantd build instead")


def _step(plan: Plan, catalog: Catalog, job: Job, run: PlannedRun) -> str:
    if job.secrets:
        names = ", ".join(job.secrets)
        raise NotScriptable(f"job {job.name} has secrets ({names}), which no script may hold; use wantd build instead")
    places = [_place(ref) for ref in run.outputs]
    argv = [catalog.python, "-c", _CALL, job.python] if job.command is None and job.python else [*(job.command or ())]
    command = " ".join(shlex.quote(part) for part in (*argv, *(run.outputs if job.command is not None else ())))
    parents = " ".join(f'"$OUT"/{shlex.quote(ref)}' for ref in run.outputs)
    lines = (
        f"# {run.text}",
        f"step {run.number} {shlex.quote(run.job)} <<END",
        _context(plan, run),
        "END",
        f"mkdir -p {parents}",
        f"env -i {' '.join((*_environment(catalog, job), *_output_key(places)))} \\",
        f"    {command}",
        f"made {' '.join(places)}\n",
    )
    return "\n".join(lines)


def _place(ref: str) -> str:
    return f'"$OUT"/{shlex.quote(ref)}/data'


def _environment(catalog: Catalog, job: Job) -> Iterator[str]:
    yield '"PATH=$PATH" LANG=C.UTF-8 "WANTD_CONTEXT=$STEP/context.json" "WANTD_REPORT=$STEP/report"'
    yield shlex.quote(f"WANTD_APPLICATION={catalog.name}")
    for key in job.pass_env:
        yield f'${{{key}+"{key}=${key}"}}'
    for key, value in job.env.items():
        yield shlex.quote(f"{key}={value}")


def _output_key(places: list[str]) -> list[str]:
    """The place of the one output, where there is only one."""
    return [f"WANTD_OUTPUT={places[0]}"] if len(places) == 1 else []


def _context(plan: Plan, run: PlannedRun) -> str:
    """The context file, for a here-document in which only $OUT is expanded."""
    made = {ref for other in plan.runs for ref in other.outputs}
    given = {found.ref: found for found in plan.given}
    context = {
        "run": f"script-{run.number}",
        "attempt": 1,
        "job": run.job,
        "environment": LOCAL,
        "version": UNVERSIONED,
        "deadline": None,
        "args": run.outputs,
        "outputs": [{"ref": ref, "location": f"\0/{ref}/data"} for ref in run.outputs],
        "inputs": [
            {"ref": ref, "location": f"\0/{ref}/data", "digest": None}
            if ref in made
            else {"ref": ref, "location": given[ref].location, "digest": given[ref].digest}
            for ref in run.inputs
        ],
    }
    text = msgspec.json.encode(context).decode()
    escaped = text.replace("\\u0000", "\0").replace("\\", "\\\\").replace("$", "\\$").replace("`", "\\`")
    return escaped.replace("\0", "$OUT")


def _shown(refs: tuple[str, ...]) -> str:
    return refs[0] if len(refs) == 1 else f"{refs[0]} and {len(refs) - 1} more"
