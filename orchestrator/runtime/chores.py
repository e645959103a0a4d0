"""What nobody waits for once the end of a JobRun is durable: links and removals.

They gather while others are done, and are done together in one thread, in the order of the log. Each may be done
again: what a crash kept from being done, the next start finds still to do.

Source: design section 3 (laws 6 and 9).
"""

import msgspec

from orchestrator.runtime.collecting import Collector
from orchestrator.runtime.links import Links, Place
from statemachines.ids import RunId
from statemachines.jobrun import Output


class Chores(msgspec.Struct):
    """Chores that have gathered."""

    links: list[Place] = msgspec.field(default_factory=list[Place])
    outputs: list[Output] = msgspec.field(default_factory=list[Output])
    """Made, and never Live: their bytes may go."""
    ended: list[RunId] = msgspec.field(default_factory=list[RunId])
    """JobRuns that are settled when all this is done."""

    def __bool__(self) -> bool:
        """Tell if there is anything to do."""
        return bool(self.links or self.outputs or self.ended)

    @property
    def need_a_hand(self) -> bool:
        """Tell if anything of it has to do with a disk."""
        return bool(self.links or self.outputs)

    def do(self, links: Links, collector: Collector) -> None:
        """Do them. Blocks; one thread at a time."""
        links.draw(self.links)
        collector.discard(self.outputs)
