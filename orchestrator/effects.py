"""What the daemon owes the outside world: computed from states, after their entries are durable.

An effect is never stored. After a restart the same states owe the same effects; doing one twice is made harmless by
whoever does it (a run id starts once, a link points once).

Source: design section 3 (laws 2 and 6).
"""

from collections.abc import Iterable

import msgspec

from statemachines import jobrun
from statemachines.ids import RunId
from statemachines.refs import Ref
from statemachines.world import World


class Owed(msgspec.Struct, frozen=True):
    """JobRuns to start and to stop, and jobs to ask how they make refs."""

    starts: tuple[RunId, ...] = ()
    stops: tuple[RunId, ...] = ()
    questions: tuple[tuple[str, tuple[Ref, ...]], ...] = ()


def owed_by(world: World, runs: Iterable[RunId]) -> Owed:
    """What the states of these JobRuns owe."""
    starts: list[RunId] = []
    stops: list[RunId] = []
    for run in runs:
        match world.runs[run]:
            case jobrun.Launching():
                starts.append(run)
            case jobrun.Canceling():
                stops.append(run)
            case _:
                pass
    return Owed(tuple(starts), tuple(stops))
