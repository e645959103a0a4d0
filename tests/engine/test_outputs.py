"""What a JobRun leaves counts if it was reported complete, or if the run ended well; bytes alone say nothing."""

import pytest

from orchestrator.observations import Exit, Found, JobEnded, Nothing
from orchestrator.report import Made, Report
from statemachines.partition import Content
from statemachines.refs import Ref
from tests.kit.core import Core

APPLICATION = """
[application]
name = "outputs"
[retry]
tries = 1
[[job]]
name = "raw"
outputs = ["raw"]
command = ["raw"]
"""

RAW = Ref("raw")
BYTES, NO_BYTES = Content("digest of the bytes", 1, 1), Nothing("nothing is there")
SAID_SO, SAID_DIGEST = Made(None, {}), Made("digest as reported", {})
WELL, BADLY = Exit(kind="exit"), Exit(kind="exit", code=1)
LOST, LATE = Exit(kind="lost"), Exit(kind="timeout")


@pytest.mark.parametrize(
    ("how", "said", "found", "digest"),
    [
        (WELL, None, BYTES, "digest of the bytes"),
        (WELL, None, NO_BYTES, None),
        (WELL, SAID_SO, NO_BYTES, None),
        (WELL, SAID_DIGEST, BYTES, "digest as reported"),
        (WELL, SAID_DIGEST, NO_BYTES, "digest as reported"),
        (BADLY, None, BYTES, None),
        (BADLY, None, NO_BYTES, None),
        (BADLY, SAID_SO, BYTES, "digest of the bytes"),
        (BADLY, SAID_SO, NO_BYTES, None),
        (LATE, None, BYTES, None),
        (LATE, SAID_SO, BYTES, "digest of the bytes"),
        (LOST, None, BYTES, None),
        (LOST, SAID_SO, BYTES, None),
    ],
)
def test_an_output_counts_if_it_was_said_to_be_complete(
    how: Exit, said: Made | None, found: Found, digest: str | None
) -> None:
    """If this fails, half an output of a failed job becomes visible, or what it said was complete is thrown away."""
    core = Core(APPLICATION)
    core.want("raw")
    (run,) = core.active()
    report = Report() if said is None else Report(outputs={RAW: said})
    core.turn(JobEnded(run.spec.id, how, report, {RAW: found}))
    live = core.board.graph.node(RAW).canonical
    assert (None if live is None else live.content.digest) == digest  # type: ignore[union-attr]  # nothing is tainted
