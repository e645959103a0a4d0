"""What a JobRun's end means, for the run as a whole and for each of its outputs. Looks only, records nothing.

Order of judgement: lost and never started; a report that cannot be used; what was missed; a bad exit; what is not
there. Outputs that were reported complete count even where the run failed afterwards.

Source: design section 7.
"""

import msgspec

from orchestrator.observations import Exit, JobEnded, Nothing
from orchestrator.planning.board import Board
from orchestrator.report import BadReport, Made, Report
from statemachines.failure import Failure
from statemachines.ids import InstanceId
from statemachines.jobrun import Output, Started
from statemachines.partition import Built, BuiltReading, Content, Scalar
from statemachines.refs import Ref


class Complete(msgspec.Struct, frozen=True):
    """The output is there."""

    origin: Built | BuiltReading
    content: Content


class Missed(msgspec.Struct, frozen=True):
    """The job needs these refs first; none where it was only held up by what others of its batch missed."""

    needs: tuple[Ref, ...]


class Wrong(msgspec.Struct, frozen=True):
    """It failed."""

    failure: Failure


_NOTHING_COUNTS = ("lost", "canceled", "could_not_start")
"""Ends after which nothing that was reported counts: nobody saw the JobRun through."""

Outcome = Complete | Missed | Wrong


def outcomes(board: Board, run: Started, ended: JobEnded) -> list[Outcome]:
    """What became of each output, in the order of the JobRun's outputs."""
    failure = _failure_of(ended)
    if failure is not None and (failure.kind in _NOTHING_COUNTS or isinstance(ended.report, BadReport)):
        return [Wrong(failure) for _ in run.spec.outputs]
    assert isinstance(ended.report, Report), "a report that cannot be used is a failure"
    return [_outcome(board, run, ended, ended.report, output, failure) for output in run.spec.outputs]


def verdict(run: Started, ended: JobEnded, results: list[Outcome]) -> Outcome:
    """How the JobRun as a whole ended: by what it missed, else by what went wrong, else well."""
    missed: dict[Ref, None] = {}
    for result in results:
        if isinstance(result, Missed):
            missed.update(dict.fromkeys(result.needs))
    if missed:
        return Missed(tuple(missed))
    failure = _failure_of(ended)
    if failure is not None:
        return next((result for result in results if _is_repeated_miss(result)), Wrong(failure))
    declared = ended.report.failed if isinstance(ended.report, Report) else {}
    for output, result in zip(run.spec.outputs, results, strict=True):
        if isinstance(result, Wrong) and output.ref not in declared:
            return result
    whole = next((result for result in results if isinstance(result, Complete)), None)
    return whole or results[0]


def _outcome(
    board: Board, run: Started, ended: JobEnded, report: Report, output: Output, failure: Failure | None
) -> Outcome:
    if output.ref in report.failed:
        return Wrong(Failure("exit_code", report.failed[output.ref]))
    made = report.outputs.get(output.ref)
    if report.missing and made is None:
        return _missed(board, run, report, output)
    if failure is not None and made is None:
        return Wrong(failure)
    return _completed(board, run, report, ended, output)


def _missed(board: Board, run: Started, report: Report, output: Output) -> Outcome:
    """New refs are waited for; refs that were there already when it ran make it a liar."""
    given = {board.world.partitions[instance].spec.ref for instance in run.activation.inputs}
    asked: dict[Ref, None] = {}
    for missing in report.missing:
        if not missing.wanted_by or output.ref in missing.wanted_by:
            asked.update(dict.fromkeys(missing.refs))
    new = tuple(ref for ref in asked if ref not in given)
    if asked and not new:
        repeated = ", ".join(list(asked)[:5])
        return Wrong(Failure("repeated_miss", f"it reported as missing what it had been given: {repeated}"))
    return Missed(new)


def _is_repeated_miss(result: Outcome) -> bool:
    """Whether it tells more than the exit code that comes with it."""
    return isinstance(result, Wrong) and result.failure.kind == "repeated_miss"


def _completed(board: Board, run: Started, report: Report, ended: JobEnded, output: Output) -> Outcome:
    made = report.outputs.get(output.ref, Made(digest=None, metadata={}))
    found = ended.found[output.ref]
    if isinstance(found, Nothing):
        if made.digest is None:
            return Wrong(Failure("missing_output", f"{output.ref}: {found.reason}"))
        found = Content(made.digest)
    digest = made.digest or found.digest
    content = Content(digest, found.size_bytes, found.files, _facts(made))
    return Complete(_origin(board, run, report, output), content)


def _origin(board: Board, run: Started, report: Report, output: Output) -> Built | BuiltReading:
    """What it was really made from: what the job said it read, else what its ref needs."""
    given = run.activation.inputs
    if report.read is None and len(run.spec.outputs) == 1:
        return Built(run.spec.id)
    by_ref = {board.world.partitions[instance].spec.ref: instance for instance in given}
    if report.read is None:
        node = board.graph.node(output.ref)
        reads = tuple(by_ref[need.ref] for need in board.graph.needs_of(node) if need.ref in by_ref)
    else:
        reads = tuple(_instances(board, by_ref, report.read, output.ref))
    return Built(run.spec.id) if reads == given else BuiltReading(run.spec.id, reads)


def _instances(board: Board, by_ref: dict[Ref, InstanceId], read: frozenset[Ref], made: Ref) -> list[InstanceId]:
    """The instances behind the refs it said it read.

    What it was given counts as it was then. What it found by itself counts where it is done now: something stale, or
    an earlier instance of its own, would make it stale the moment it is made, and it would be made for ever.
    """
    board.graph.refresh()
    found: list[InstanceId] = []
    for ref in sorted(read):
        if ref in by_ref:
            found.append(by_ref[ref])
        elif ref != made and board.graph.is_done(ref):
            found.append(board.holdings.canonical[ref])
    return found


def _facts(made: Made) -> tuple[tuple[str, Scalar], ...]:
    """The job's facts about an output; what is nested is kept as JSON text."""
    return tuple(
        (key, msgspec.json.encode(value).decode() if isinstance(value, list | dict) else value)
        for key, value in made.metadata.items()
    )


def _failure_of(ended: JobEnded) -> Failure | None:
    """What went wrong with the run as a whole. A report that cannot be used weighs more than an exit code."""
    if isinstance(ended.report, BadReport) and ended.exit.kind == "exit":
        return Failure("bad_report", ended.report.message)
    return _failure_of_exit(ended.exit)


def _failure_of_exit(exit_: Exit) -> Failure | None:
    """What a bad end of the process is called; None for exit code 0."""
    match exit_.kind:
        case "exit":
            if exit_.code == 0:
                return None
            return Failure("exit_code", exit_.message or f"it ended with exit code {exit_.code}")
        case "signal":
            return Failure("signal", exit_.message or f"it was killed by signal {exit_.code}")
        case "timeout":
            return Failure("timeout", exit_.message or "it ran longer than it may")
        case "could_not_start":
            return Failure("could_not_start", exit_.message)
        case "lost":
            return Failure("lost", exit_.message or "what ran it is gone, without a record of its end")
        case "canceled":
            return Failure("canceled", exit_.message or "it was stopped")
