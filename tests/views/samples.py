"""Applications that the tests of views look at, and shorthands for looking."""

from collections.abc import Iterator

from orchestrator.observations import Exit, Found, JobEnded
from orchestrator.planning.board import Board
from orchestrator.report import Report
from orchestrator.views.shapes import Why, WhyNode
from orchestrator.views.why import why
from statemachines.jobrun import Canceling, Launching, Running
from statemachines.partition import Content, Partition
from statemachines.refs import Ref
from tests.kit.core import Core

CHAIN = """
[application]
name = "chain"
[pools]
default = 8
narrow = 1
[[external]]
name = "outside"
outputs = ["outside"]
[[job]]
name = "raw"
outputs = ["raw/{n:int}"]
command = ["raw"]
[[job]]
name = "mid"
outputs = ["mid/{n:int}"]
inputs = ["raw/{n}"]
command = ["mid"]
retry = { tries = 2, backoff = "60s" }
[[job]]
name = "top"
outputs = ["top"]
inputs = ["mid/1", "mid/2"]
command = ["top"]
[[job]]
name = "needs_outside"
outputs = ["inside"]
inputs = ["outside"]
command = ["inside"]
[[job]]
name = "narrow"
outputs = ["narrow/{n:int}"]
command = ["narrow"]
pool = "narrow"
[[job]]
name = "batched"
outputs = ["batched/{n:int}"]
inputs = ["raw/{n}"]
command = ["batched"]
batch = { max = 3, wait = "5s" }
[[job]]
name = "asked"
outputs = ["asked/{n:int}"]
command = ["asked"]
configure = ["how"]
[[job]]
name = "dynamic"
outputs = ["dynamic/{n:int}"]
command = ["dynamic"]
dynamic = true
[[job]]
name = "queries"
outputs = ["queries"]
inputs = [{ ref = "raw/77", type = "query" }]
command = ["queries"]
"""


def place(instance: Partition) -> str:
    """Where bytes would be."""
    return f"/store/{instance.spec.ref}/{instance.spec.id}"


class Fresh:
    """Ends every JobRun well, each time with bytes that were never seen before."""

    def __init__(self) -> None:
        self.count = 0

    def __call__(self, run: Launching | Running | Canceling) -> JobEnded:
        self.count += 1
        found: dict[Ref, Found] = {out.ref: Content(f"{out.ref}#{self.count}", 1, 1) for out in run.spec.outputs}
        return JobEnded(run.spec.id, Exit(kind="exit", code=0), Report(), found)


def play_to_the_end(core: Core, job: Fresh) -> None:
    """End what runs and let time pass until nothing happens any more."""
    while True:
        core.play(job)
        at = core.board.timers.next_at
        if at is None:
            return
        core.now = max(core.now, at)
        core.turn()


def told(core: Core | Board, ref: str) -> Why:
    return why(core.board if isinstance(core, Core) else core, Ref(ref))


def codes(node: WhyNode) -> Iterator[str]:
    """All codes of a tree, from the top."""
    yield node.code.value
    for child in node.children:
        yield from codes(child)
