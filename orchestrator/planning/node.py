"""One ref, as the graph sees it.

A node holds facts read from the world (canonical and newest instance), facts about what it was made from (is it still
fresh), and, while it is expanded, its edges to what it needs. It is expanded while somebody wants it, directly or
through others, and it is neither done nor being built. Only expanded nodes have edges to their needs, so an idle
partition costs nothing but its place.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import TYPE_CHECKING, TypeVar, cast

from statemachines import partition

if TYPE_CHECKING:
    from orchestrator.catalog import External, Job
    from orchestrator.planning.recipes import Recipe
    from statemachines.ids import WantId
    from statemachines.partition import Live, Partition, Tainted
    from statemachines.refs import Ref

NEVER = 1 << 62
"""As ``blocked``: no want can be so new that this could be had."""

Pull = tuple[int, int]
"""How much something is demanded: the newest opening among the wants that do, and the highest priority."""

NO_DEMAND: Pull = (0, -(1 << 31))


K = TypeVar("K")
V = TypeVar("V")

_NOTHING = MappingProxyType[object, object]({})
"""What all nodes share that are linked to nothing: five empty dicts would be as large as the node itself."""


def linked(links: Mapping[K, V], key: K, value: V) -> Mapping[K, V]:
    """These links with one more; they are used up."""
    own = links if isinstance(links, dict) else dict[K, V]()
    own[key] = value
    return own


def unlinked(links: Mapping[K, V], key: K) -> Mapping[K, V]:
    """These links without one, if it is there; they are used up."""
    if isinstance(links, dict):
        links.pop(key, None)
    return links or cast("Mapping[K, V]", _NOTHING)


NO_READS = cast("Mapping[Node, str]", _NOTHING)
NO_NEEDS = cast("Mapping[Node, bool]", _NOTHING)
NO_ROOTS = cast("Mapping[WantId, Pull]", _NOTHING)


class Node:
    """What is known and wanted of one ref in one environment."""

    __slots__ = (
        "barred",
        "blocked",
        "canonical",
        "cycle",
        "dependents",
        "digest",
        "done",
        "expanded",
        "impossible",
        "maker",
        "marked",
        "needs",
        "newest",
        "newest_seq",
        "opened",
        "passed",
        "priority",
        "readers",
        "reads",
        "recipe",
        "ref",
        "refit",
        "rescan",
        "roots",
        "stale",
        "unmet",
    )

    def __init__(self, ref: Ref, maker: Job | External | None) -> None:
        self.ref = ref
        self.marked = False
        """It is on the agenda."""
        self.maker = maker
        self.recipe: Recipe | None = None
        """How it is made by declaration, once somebody asked and until it is done."""
        self.canonical: Live | Tainted | None = None
        self.newest: Partition | None = None
        self.newest_seq = 0
        self.digest: str | None = None
        """Of the canonical instance, where it is Live."""

        self.reads = NO_READS
        """What the canonical instance was made from, with the digest of then."""
        self.readers = NO_READS
        """Who was made from this, with the digest of then."""
        self.stale = 0
        """How many of its reads are no longer what is current there."""
        self.done = self.expanded = False

        self.roots = NO_ROOTS
        """Open wants that name this ref."""
        self.dependents = NO_NEEDS
        """Expanded nodes that need this, and whether they want it built for the asking."""
        self.opened, self.priority = NO_DEMAND
        """The newest opening among the wants that demand it, 0 where nobody does; the highest priority among them."""
        self.passed = NO_DEMAND
        """The demand it hands on to its needs."""
        self.rescan = False
        """Some demand on it fell away: look at all its sources again."""

        self.refit = True
        """Its needs may have changed: find them anew."""
        self.needs = NO_NEEDS
        self.unmet = self.barred = 0
        """How many of its needs are not done; the newest ``blocked`` among them."""
        self.blocked = 0 if maker is not None else NEVER
        """The newest seq at which it, or something it needs, failed; 0 while done or being built.
        A want opened later tries again."""
        self.impossible = ""
        """Why it cannot be made at all: an input that nobody makes."""
        self.cycle: tuple[Ref, ...] = ()
        """Where declared inputs lead back to it: the way round."""

    @property
    def building(self) -> bool:
        return isinstance(self.newest, partition.Building)

    @property
    def demanded(self) -> bool:
        """Some open want still hopes for it."""
        return self.opened > 0 and self.blocked <= self.opened

    @property
    def failed_at(self) -> int:
        """The seq at which its newest instance failed for good, or 0."""
        failed = isinstance(self.newest, (partition.Failed, partition.UpstreamFailed))
        return self.newest_seq if failed else 0

    def __repr__(self) -> str:
        return f"<Node {self.ref}>"
