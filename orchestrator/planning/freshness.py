"""Whether what readers get of a ref is still what it should be.

A node is done when its canonical instance is Live, was made by code that still counts, and from exactly what is
current where it read. Each node counts how many of its reads are not (``stale``), and tells its readers and those
who wait for it when that changes.

Source: design section 4 (done: Live and fresh), section 8 (early cut-off by digest).
"""

from collections.abc import Callable, Mapping

from orchestrator.catalog import Job
from orchestrator.planning.agenda import Agenda
from orchestrator.planning.node import NO_READS, Node, linked, unlinked
from statemachines.ids import InstanceId
from statemachines.jobrun import JobRun, RunState
from statemachines.partition import Live, Partition, Tainted
from statemachines.refs import Ref
from statemachines.traits import live_of
from statemachines.world import World


class Freshness:
    """Keeps ``done``, ``digest``, ``reads``, ``readers`` and ``stale`` of the nodes."""

    def __init__(self, agenda: Agenda, world: World, node_of: Callable[[Ref], Node]) -> None:
        self._agenda = agenda
        self._world = world
        self._node_of = node_of
        self._last_read: tuple[tuple[InstanceId, ...], Mapping[Node, str]] = (), NO_READS

    def see_canonical(self, node: Node, state: Partition) -> None:
        """Take in which instance readers get, and what it was made from."""
        assert isinstance(state, (Live, Tainted)), "a canonical instance is Live or Tainted"
        newly_made = node.canonical is None or node.canonical.spec.id != state.spec.id
        node.canonical = state
        if newly_made:
            live = live_of(state)
            assert live is not None, "a canonical instance was Live before it was tainted"
            self._change_digest(node, live.content.digest)
            self._change_reads(node, live)

    def settle(self, node: Node) -> None:
        """Find out whether it is done, and tell who depends on that."""
        done = isinstance(node.canonical, Live) and node.stale == 0 and self._is_current_code(node, node.canonical)
        if done is node.done:
            return
        node.done = done
        node.recipe = None
        for reader, digest in node.readers.items():
            if digest == node.digest:
                reader.stale += -1 if done else 1
                self._agenda.mark(reader)
        for dependent in node.dependents:
            dependent.unmet += -1 if done else 1
            self._agenda.mark(dependent)

    def _is_current_code(self, node: Node, live: Live) -> bool:
        """Whether the code it was made by still counts; by default a change of the code keeps past data."""
        maker = node.maker
        if not isinstance(maker, Job) or maker.on_code_change == "keep":
            return True
        run = self._world.maker_of(live.origin)
        return run is None or fingerprint_of(run) == maker.fingerprint

    def _change_digest(self, node: Node, digest: str) -> None:
        if digest == node.digest:
            return
        if node.done:
            for reader, read in node.readers.items():
                reader.stale += (read == node.digest) - (read == digest)
                self._agenda.mark(reader)
        node.digest = digest

    def _change_reads(self, node: Node, live: Live) -> None:
        for old in node.reads:
            old.readers = unlinked(old.readers, node)
        node.reads = self._reads(self._world.reads_of(live))
        node.stale = 0
        for source, digest in node.reads.items():
            source.readers = linked(source.readers, node, digest)
            node.stale += not (source.done and source.digest == digest)

    def _reads(self, instances: tuple[InstanceId, ...]) -> Mapping[Node, str]:
        """What was read of what. Who read the same as the one before shares it: siblings often do."""
        if not instances:
            return NO_READS
        if instances != self._last_read[0]:
            states = [self._world.partitions[instance] for instance in instances]
            reads = {self._node_of(state.spec.ref): content_digest(state) for state in states}
            self._last_read = instances, reads
        return self._last_read[1]


def fingerprint_of(run: JobRun) -> str:
    """The fingerprint of the code that a JobRun which made something was started with."""
    assert isinstance(run, RunState), "only a JobRun that was launched makes something"
    activation = getattr(run, "activation", None)
    return "" if activation is None else activation.fingerprint


def content_digest(state: Partition) -> str:
    """The digest of what an instance holds, or held before it was tainted or collected."""
    live = live_of(state)
    assert live is not None, "only what was Live has a digest"
    return live.content.digest
