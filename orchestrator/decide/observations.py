"""What is made of the facts that came in about JobRuns and about how jobs want to be run."""

from typing import assert_never

from orchestrator.decide.configuring import configured, not_configured
from orchestrator.decide.ending import end
from orchestrator.observations import AnyObservation, JobConfigured, JobEnded, JobNotConfigured, JobStarted
from orchestrator.planning.turn import Turn
from statemachines.jobrun import Launching


def observe(turn: Turn, observation: AnyObservation) -> None:
    """Record what is news in an observation. What comes late or twice changes nothing."""
    match observation:
        case JobStarted(run=run_id, pid=pid):
            run = turn.board.world.runs.get(run_id)
            if isinstance(run, Launching):
                cause = turn.board.world.seqs[run_id]
                turn.record(run.run(pid, at=turn.now), cause=cause, want=run.spec.want)
        case JobEnded():
            end(turn, observation)
        case JobConfigured():
            configured(turn, observation)
        case JobNotConfigured():
            not_configured(turn, observation)
        case _:
            assert_never(observation)
