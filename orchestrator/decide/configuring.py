"""How a job says that its refs are made."""

from orchestrator.catalog import Job, each_once
from orchestrator.decide.ending import end
from orchestrator.observations import Exit, JobConfigured, JobEnded, JobNotConfigured
from orchestrator.planning.node import Node
from orchestrator.planning.recipes import Recipe
from orchestrator.planning.starting import UNVERSIONED, may_be_queued, queue_run
from orchestrator.planning.turn import Turn
from orchestrator.report import Report
from statemachines.jobrun import Activation, Queued


def configured(turn: Turn, answer: JobConfigured) -> None:
    """Keep the answer for the build it was asked for."""
    job = turn.board.recipes.job(answer.job)
    if job is None:
        return
    for config in answer.configs:
        inputs = each_once((ref, "materialize" if build else "query") for ref, build in config.inputs)
        turn.board.recipes.answer([Recipe(job, config.outputs, inputs, config.args, config.env)])
        for ref in config.outputs:
            turn.board.graph.touch(ref)


def not_configured(turn: Turn, answer: JobNotConfigured) -> None:
    """A job that cannot say how it makes a ref has failed to make it: record that as its JobRun."""
    job = turn.board.recipes.job(answer.job)
    if job is None:
        return
    turn.board.graph.refresh()
    for ref in answer.refs:
        node = turn.board.graph.node(ref)
        if may_be_queued(turn.board, node) and turn.board.retry_at(node) <= turn.now:
            _fail_unstarted(turn, job, node, answer.reason)


def _fail_unstarted(turn: Turn, job: Job, node: Node, reason: str) -> None:
    run_id = turn.ids.run()
    queue_run(turn, job, [node], run_id)
    queued = turn.board.world.runs[run_id]
    assert isinstance(queued, Queued), "it was queued just now"
    activation = Activation(UNVERSIONED, job.fingerprint)
    turn.record(queued.launch(activation, at=turn.now), cause=turn.board.world.seqs[run_id], want=queued.spec.want)
    end(turn, JobEnded(run_id, Exit(kind="could_not_start", message=reason), Report(), {}))
