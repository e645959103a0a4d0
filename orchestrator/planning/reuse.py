"""Reuse by trace: an instance serves a ref again if the code and the digests of all it really read are the same.

Source: design section 8; snowleopard/build (the verifying trace).
"""

from orchestrator.catalog import Job
from orchestrator.planning.board import Board
from orchestrator.planning.freshness import content_digest, fingerprint_of
from orchestrator.planning.node import Node
from statemachines.partition import Live

LOOKED_AT_MAX = 100
"""How many older instances of a ref are looked at."""


def reusable_instance(board: Board, node: Node, job: Job) -> Live | None:
    """An older Live instance that building the ref now would only make again, or None."""
    for instance, _ in zip(board.holdings.instances(node.ref), range(LOOKED_AT_MAX), strict=False):
        state = board.world.partitions[instance]
        if isinstance(state, Live) and _made_by(board, state, job) and _reads_are_current(board, state):
            return state
    return None


def _made_by(board: Board, live: Live, job: Job) -> bool:
    run = board.world.maker_of(live.origin)
    return run is not None and fingerprint_of(run) == job.fingerprint


def _reads_are_current(board: Board, live: Live) -> bool:
    for instance in board.world.reads_of(live):
        read = board.world.partitions[instance]
        source = board.graph.node(read.spec.ref)
        if not source.done or source.digest != content_digest(read):
            return False
    return True
