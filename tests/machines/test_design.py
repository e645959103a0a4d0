"""The tables of edges, held against the tables of the design, section 4, written down here a second time by hand.

A row is: where from, where to, by which event. Several sources are separated by spaces.
"""

import pytest

from tests.machines.samples import MACHINES, Machine, name_of

WANT = """
nothing                                 | Idle             | WantCreated
Building UpstreamBuilding               | Idle             | WantIdle
Idle UpstreamBuilding                   | Building         | WantBuilding
Idle Building                           | UpstreamBuilding | WantUpstreamBuilding
Idle Building UpstreamBuilding          | Successful       | WantSuccessful
Idle Building UpstreamBuilding          | Failed           | WantFailed
Idle Building UpstreamBuilding          | UpstreamFailed   | WantUpstreamFailed
Idle Building UpstreamBuilding          | Paused           | WantPaused
Paused                                  | Idle             | WantResumed
Idle Building UpstreamBuilding Paused   | Canceled         | WantCanceled
Idle Building UpstreamBuilding Paused   | Expired          | WantExpired
Idle Building UpstreamBuilding Paused   | Superseded       | WantSuperseded
Failed UpstreamFailed                   | Idle             | WantRetried
Idle                                    | Idle             | WantLate
Building                                | Building         | WantLate
UpstreamBuilding                        | UpstreamBuilding | WantLate
Paused                                  | Paused           | WantLate
"""
"""Lateness is an event and a flag, so it leads from each open state to itself."""

PARTITION = """
nothing                                 | Building         | PartitionBuilding
nothing                                 | Live             | PartitionLive
Building                                | Live             | PartitionLive
Building                                | Failed           | PartitionFailed
Building                                | UpstreamBuilding | PartitionUpstreamBuilding
Building                                | UpForRetry       | PartitionUpForRetry
Building                                | Canceled         | PartitionCanceled
Building                                | Tainted          | PartitionTainted
UpstreamBuilding                        | UpForRetry       | PartitionUpForRetry
UpstreamBuilding                        | UpstreamFailed   | PartitionUpstreamFailed
UpstreamBuilding                        | Canceled         | PartitionCanceled
UpForRetry                              | Replaced         | PartitionReplaced
UpForRetry                              | UpstreamFailed   | PartitionUpstreamFailed
UpForRetry                              | Canceled         | PartitionCanceled
Live                                    | Tainted          | PartitionTainted
Live                                    | Collected        | PartitionCollected
Tainted                                 | Collected        | PartitionCollected
"""

JOB_RUN = """
nothing                                 | Queued           | JobRunQueued
nothing                                 | Buffering        | JobRunBuffering
Buffering                               | Buffering        | JobRunJoined
Buffering                               | Queued           | JobRunQueued
Buffering                               | Canceled         | JobRunCanceled
Queued                                  | Launching        | JobRunLaunching
Queued                                  | Canceled         | JobRunCanceled
Launching                               | Running          | JobRunRunning
Launching Running                       | Succeeded        | JobRunSucceeded
Launching Running                       | Failed           | JobRunFailed
Launching Running                       | DepMiss          | JobRunDepMiss
Launching Running                       | Lost             | JobRunLost
Launching Running                       | Canceling        | JobRunCanceling
Canceling                               | Canceled         | JobRunCanceled
Canceling                               | Succeeded        | JobRunSucceeded
"""


def rows(table: str) -> list[tuple[str, str, str]]:
    found: list[tuple[str, str, str]] = []
    for line in table.strip().splitlines():
        sources, target, event = (cell.strip() for cell in line.split("|"))
        found.extend((source, event, target) for source in sources.split())
    return found


@pytest.mark.parametrize(("machine", "table"), [*zip(MACHINES, (WANT, PARTITION, JOB_RUN), strict=True)])
def test_edges_are_those_of_the_design(machine: Machine, table: str) -> None:
    """The machine would differ from the law that the log is written in."""
    edges = [
        ("nothing" if edge.source is None else edge.source.__name__, edge.event.__name__, edge.target.__name__)
        for edge in machine.edges
    ]
    assert sorted(edges) == sorted(rows(table))
    assert len(set(edges)) == len(edges)
    assert {source for source, _, _ in edges} <= {"nothing", *(name_of(state) for state in machine.states)}
