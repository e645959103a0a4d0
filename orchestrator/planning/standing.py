"""How an open want stands: the case of each of its refs, and how many there are of each.

Source: design section 4, the rule by which a want's state follows from its cases.
"""

from collections.abc import Iterator
from typing import Literal

from orchestrator.planning.cases import Case, case_of
from orchestrator.planning.node import Node
from statemachines.ids import WantId

Target = Literal["Building", "UpstreamBuilding", "Idle", "Successful", "Failed", "UpstreamFailed"]


class Standing:
    """The cases of one open want. ``opened`` is the seq at which it was created or last retried."""

    __slots__ = ("_cases", "_counts", "opened", "want")

    def __init__(self, want: WantId, opened: int) -> None:
        self.want = want
        self.opened = opened
        self._cases: dict[Node, Case] = {}
        self._counts = dict.fromkeys(Case, 0)

    def see(self, node: Node) -> None:
        """Take in how one of its refs stands now."""
        case, before = case_of(node, self.opened), self._cases.get(node)
        if case is before:
            return
        self._cases[node] = case
        self._counts[case] += 1
        if before is not None:
            self._counts[before] -= 1

    @property
    def target(self) -> Target:
        """The state that the want should be in."""
        counts = self._counts
        if counts[Case.BUILDING]:
            return "Building"
        if counts[Case.WAITING]:
            return "UpstreamBuilding"
        if counts[Case.READY]:
            return "Idle"
        if counts[Case.FAILED]:
            return "Failed"
        return "UpstreamFailed" if counts[Case.UPFAILED] else "Successful"

    @property
    def counts(self) -> dict[Case, int]:
        """How many refs there are of each case, of those that were seen."""
        return self._counts

    @property
    def failed_count(self) -> int:
        return self._counts[Case.FAILED] + self._counts[Case.UPFAILED]

    def failed(self) -> Iterator[Node]:
        """The refs that failed, those that failed themselves before those that failed upstream."""
        for wanted in (Case.FAILED, Case.UPFAILED):
            yield from (node for node, case in self._cases.items() if case is wanted)

    def nodes(self) -> Iterator[Node]:
        return iter(self._cases)
