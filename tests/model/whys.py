"""Every reason that ``why`` gives is held against the model and the facts: nothing untold, nothing untrue."""

from collections.abc import Callable, Iterator

from orchestrator.planning.turn import Fact
from orchestrator.views.codes import Code
from orchestrator.views.shapes import WhyNode
from orchestrator.views.why import why
from statemachines import jobrun, partition, want
from statemachines.jobrun import JobRun, JobRunFact
from statemachines.partition import PartitionFact
from statemachines.refs import Ref
from statemachines.traits import head_of
from tests.model.reference import Instance, Model
from tests.model.story import Story

WAITS = (Code.WAITING, Code.MISSED, Code.UPSTREAM_FAILED)
BESIDES = (Code.WANTED, Code.TAINTED, Code.STALE, Code.INPUT_CHANGED, Code.CODE_CHANGED, Code.AS_ABOVE)
"""What is told beside a cause."""

OPEN = (want.Idle, want.Building, want.UpstreamBuilding, want.Paused)


class Whys:
    """Asks why about everything in a story, at one moment."""

    def __init__(self, story: Story, model: Model) -> None:
        self.story = story
        self.model = model
        self.world = story.core.board.world
        self.roots: set[Code] = set()
        """The codes of the causes that were found."""
        self.truths: dict[Code, Callable[[WhyNode], object]] = {
            Code.LAUNCHING: lambda node: self._is_built_by(node, jobrun.Launching),
            Code.RUNNING: lambda node: self._is_built_by(node, jobrun.Running),
            Code.CANCELING: lambda node: self._is_built_by(node, jobrun.Canceling),
            Code.QUEUED: lambda node: self._is_built_by(node, jobrun.Queued) and self._says_who_holds(node),
            Code.BATCH_OPEN: lambda node: node.ref in self.model.seen.buffered,
            Code.BACKOFF: lambda node: self._newest(node).not_before > self.story.core.now,
            Code.EXTERNAL_AWAITED: lambda node: self.story.plan.maker(node.ref) == "external",
            Code.NOT_BUILT_FOR_ASKING: lambda node: node.ref not in self.model.demanded,
            Code.FAILED: lambda node: self._newest(node).state == "Failed",
            Code.UPSTREAM_FAILED: lambda node: self._newest(node).state == "UpstreamFailed",
            Code.CYCLE: lambda node: self.model.needs_itself(node.ref),
            Code.NO_JOB_MAKES: lambda node: self.story.plan.maker(node.ref) is None,
            Code.WANT_PAUSED: self._is_paused,
        }

    def ask(self) -> None:
        """Ask about every ref of every open want, and about all that is there."""
        for state in self.world.wants.values():
            if isinstance(state, OPEN):
                for ref in state.spec.refs:
                    self._hold_open(ref)
        for ref in self.story.core.board.holdings.canonical:
            if ref in self.model.done:
                self._hold_done(ref)

    # -- what is not there -----------------------------------------------------------------------------------------

    def _hold_open(self, ref: Ref) -> None:
        root = why(self.story.core.board, ref).root
        self._hold_evidence(root)
        if ref in self.model.done:
            return
        causes = list(_causes(root))
        assert causes, f"nothing is said to stand in the way of {ref}: {root}"
        for cause in causes:
            assert cause.ref not in self.model.done, f"{ref} waits for {cause.ref}, which is there"
            truth = self.truths.get(cause.code)
            assert truth is not None, f"{ref}: {cause.code} stands in nobody's way: {cause}"
            assert truth(cause), f"{ref}: it is not true that {cause.ref} is {cause.code}: {cause.text}"
            self.roots.add(cause.code)

    def _newest(self, node: WhyNode) -> Instance:
        return self.model.seen.newest[node.ref]

    def _is_built_by(self, node: WhyNode, state: type) -> bool:
        newest = self.world.partitions[self.story.core.board.holdings.newest[Ref(node.ref)]]
        return isinstance(newest, partition.Building) and isinstance(self.world.runs[newest.attempt.run], state)

    def _says_who_holds(self, node: WhyNode) -> bool:
        """A queued JobRun is told with its pool, and what is said of it leaves no room for it."""
        (full,) = [child for child in node.children if child.code is Code.POOL_FULL]
        rules, pools = self.story.plan.rules, self.story.plan.pools
        rule = rules[node.ref.partition("/")[0]]
        started = [run for run in self.world.runs.values() if isinstance(run, jobrun.Started)]
        inside = [run for run in started if rules[run.spec.job].pool == rule.pool]
        held = sum(rules[run.spec.job].slots for run in inside)
        assert {child.ref for child in full.children} == {run.spec.outputs[0].ref for run in inside}
        assert f"{held} of {pools[rule.pool]} slots held" in full.text
        return held + rule.slots > pools[rule.pool] or "before it" in full.text

    def _is_paused(self, node: WhyNode) -> bool:
        paused = [state for state in self.world.wants.values() if isinstance(state, want.Paused)]
        return any(node.ref in state.spec.refs for state in paused)

    # -- what is there ---------------------------------------------------------------------------------------------

    def _hold_done(self, ref: Ref) -> None:
        """It leads to a want and an actor, or to whoever reported it; and what was rebuilt names what had changed."""
        root = why(self.story.core.board, ref).root
        self._hold_evidence(root)
        assert root.code in (Code.BUILT, Code.ADOPTED, Code.REPORTED), root
        if root.code is Code.REPORTED:
            assert "test reported it" in root.text
            return
        (wanted,) = [child for child in root.children if child.code is Code.WANTED]
        assert any(f"want {name} " in wanted.text for name in self.world.wants), wanted
        assert "of test" in wanted.text
        for child in root.children:
            if child.code is Code.RUN_REASON and "something that has changed" in child.text:
                self._hold_changes(ref, child)

    def _hold_changes(self, ref: Ref, reason: WhyNode) -> None:
        """What is said to have changed was read with other digests by the instance before."""
        reads = dict(self.model.seen.canonical[ref].reads)
        for change in reason.children:
            assert change.code is Code.INPUT_CHANGED
            assert change.ref in reads
            assert " -> " in change.text
            new = change.text.rpartition(" -> ")[2].partition(" ")[0]
            assert self.model.seen.instances[new].digest == reads[change.ref]

    # -- evidence --------------------------------------------------------------------------------------------------

    def _hold_evidence(self, node: WhyNode) -> None:
        """What proves a reason is there, and is about the ref or about whoever wants it."""
        for one in _all(node):
            assert 0 <= one.evidence <= self.world.seq, one
            if one.evidence and one.code not in (Code.MORE, Code.POOL_FULL):
                assert self._is_about(self.story.core.facts[one.evidence - 1], one), one

    def _is_about(self, fact: Fact, node: WhyNode) -> bool:
        assert fact.seq == node.evidence
        event = fact.event
        if isinstance(event, PartitionFact):
            return node.ref == self.world.partitions[event.id].spec.ref or node.code in (*WAITS, Code.AS_ABOVE)
        if isinstance(event, JobRunFact):
            return node.ref in _refs_of(self.world.runs[event.id])
        return True


def _refs_of(run: JobRun) -> set[str]:
    head = head_of(run)
    return set(head.refs) if isinstance(head, jobrun.Buffering) else {output.ref for output in head.outputs}


def _causes(node: WhyNode) -> Iterator[WhyNode]:
    """The roots of a blocking chain."""
    below = [child for child in node.children if child.code not in BESIDES and child.code is not Code.MORE]
    more = [cause for child in node.children if child.code is Code.MORE for cause in child.children]
    told_above = [child for child in node.children if child.code is Code.AS_ABOVE]
    if node.code in WAITS and (below or more or told_above):
        for child in (*below, *more):
            yield from _causes(child)
    else:
        yield node


def _all(node: WhyNode) -> Iterator[WhyNode]:
    yield node
    for child in node.children:
        yield from _all(child)
