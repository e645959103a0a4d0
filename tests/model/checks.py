"""What must be true at the end of every turn, and of every entry of it that decides something."""

from collections import Counter

from orchestrator.planning.board import Board
from orchestrator.planning.cases import case_of
from orchestrator.planning.node import NO_DEMAND, Node
from orchestrator.planning.recipes import Recipes
from orchestrator.planning.turn import Fact, Turn
from orchestrator.reconcile import reconcile
from statemachines import jobrun, want
from statemachines.ids import Ids, RunId
from statemachines.laws import check as broken_laws
from statemachines.partition import Building
from statemachines.world import World
from tests.kit.core import Core
from tests.model.graphs import Plan
from tests.model.reference import Model, Picture, picture

_FOLLOWS = (
    want.WantIdle,
    want.WantBuilding,
    want.WantUpstreamBuilding,
    want.WantSuccessful,
    want.WantFailed,
    want.WantUpstreamFailed,
)


class Watch:
    """Follows a core with a world of its own, which sees nothing but the facts."""

    def __init__(self, core: Core, plan: Plan) -> None:
        self.core = core
        self.plan = plan
        self.shadow = World()

    def look(self, facts: list[Fact]) -> Model:
        """Replay what a turn recorded, and hold what is there now against the model."""
        self._replay(facts)
        assert self.core.board.world.digest() == self.shadow.digest(), "replaying the facts gives another world"
        broken = list(broken_laws(self.shadow))
        assert broken == [], f"{broken}"
        seen = picture(self.shadow)
        model = Model(seen, self.plan)
        self._hold_wants(model, seen)
        assert model.may_be_queued(self.core.now) == set(), "what may be queued was not"
        self._hold_runs(model)
        self._hold_reloaded()
        return model

    # -- entry by entry --------------------------------------------------------------------------------------------

    def _replay(self, facts: list[Fact]) -> None:
        """Apply the facts; what follows from cases or from priorities is judged by the picture before its group.

        Not judged is the order of launching once a JobRun was dropped instead: whom it waited for is seen a pass later.
        """
        model: Model | None = None
        before: type | None = None
        blind = False
        for fact in facts:
            kind = next((kind for kind in (_FOLLOWS, jobrun.JobRunLaunching) if isinstance(fact.event, kind)), None)
            if kind is not None and kind is not before:
                model = Model(picture(self.shadow), self.plan)
            before = kind  # type: ignore[assignment]  # a tuple of types serves as one
            if isinstance(fact.event, _FOLLOWS):
                assert model is not None
                self._hold_step(model, fact)
            elif isinstance(fact.event, jobrun.JobRunCanceled):
                blind = "no longer" in fact.event.reason
            elif isinstance(fact.event, jobrun.JobRunLaunching) and not blind:
                assert model is not None
                self._hold_launch(model.priorities(), fact.event.id)
            self.shadow.apply(fact.event, fact.seq)

    def _hold_step(self, model: Model, fact: Fact) -> None:
        """A want steps by what was so when the group began; or now, where others of the group closed before it."""
        wanting = model.seen.wants[fact.event.id]
        step = type(fact.event).__name__.removeprefix("Want")
        if step != model.target(wanting):
            now = Model(picture(self.shadow), self.plan)
            assert step == now.target(wanting), f"{fact.event.id} became {step}, the model says {now.target(wanting)}"

    def _hold_launch(self, priorities: dict[str, int], launched: RunId) -> None:
        run = self.shadow.runs[launched]
        assert isinstance(run, jobrun.Queued)
        pool = self.plan.rules[run.spec.job].pool
        first = self._queued(pool, priorities)[0]
        assert first.spec.id == launched, f"{launched} was launched before {first.spec.id}"

    def _queued(self, pool: str, priorities: dict[str, int]) -> list[jobrun.Queued]:
        """What waits in a pool: the most wanted first, then the job's own priority, then the oldest."""

        def place(run: jobrun.Queued) -> tuple[int, int, int]:
            wanted = max(priorities.get(output.ref, -(1 << 31)) for output in run.spec.outputs)
            return -wanted, -self.plan.rules[run.spec.job].priority, self.shadow.seqs[run.spec.id]

        waiting = [run for run in self.shadow.runs.values() if isinstance(run, jobrun.Queued)]
        return sorted((run for run in waiting if self.plan.rules[run.spec.job].pool == pool), key=place)

    # -- as it is now ----------------------------------------------------------------------------------------------

    def _hold_wants(self, model: Model, seen: Picture) -> None:
        board = self.core.board
        for want_id, wanting in seen.wants.items():
            assert wanting.state == model.target(wanting), f"{want_id} is {wanting.state}: {model.target(wanting)}"
            for ref in (*wanting.refs, *model.hoped_for(wanting)):
                case = case_of(board.graph.node(ref), wanting.opened).value  # type: ignore[arg-type]  # a ref
                expected = model.case(ref, wanting.opened)
                assert case == expected, f"{ref} is {case} for {want_id}, the model says {expected}"

    def _hold_runs(self, model: Model) -> None:
        building = Counter(state.spec.ref for state in self.shadow.partitions.values() if isinstance(state, Building))
        assert [ref for ref, number in building.items() if number > 1] == [], "a ref is built twice"
        held: Counter[str] = Counter()
        for run in self.shadow.runs.values():
            if isinstance(run, jobrun.Launching | jobrun.Running | jobrun.Canceling):
                rule = self.plan.rules[run.spec.job]
                held[rule.pool] += rule.slots
            if isinstance(run, jobrun.Queued | jobrun.Launching | jobrun.Running):
                self._hold_batch(run)
        priorities = model.priorities()
        for pool, size in self.plan.pools.items():
            free = size - held[pool]
            assert free >= 0, f"pool {pool} has {size} slots, {held[pool]} are held"
            for first in self._queued(pool, priorities)[:1]:
                assert self.plan.rules[first.spec.job].slots > free, f"{first.spec.id} waits though {free} are free"

    def _hold_batch(self, run: jobrun.Queued | jobrun.Launching | jobrun.Running) -> None:
        made = {str(output.ref) for output in run.spec.outputs}
        for output in run.spec.outputs:
            state = self.shadow.partitions[output.instance]
            missed = state.attempt.needs if isinstance(state, Building) else ()
            needs = {*self.plan.needs(output.ref), *missed}
            assert not needs & made, f"{output.ref} needs one of its own batch {run.spec.id}"

    # -- as it would be after a restart ----------------------------------------------------------------------------

    def _hold_reloaded(self) -> None:
        """A board that is loaded from the replayed world has nothing to do, and sees the same."""
        fresh = Board(self.shadow, Recipes(self.core.catalog))
        fresh.load()
        turn = Turn(fresh, self.core.now, Ids("fresh"))
        reconcile(turn, 1_000)
        undone = [fact.event for fact in turn.facts]
        assert undone == [], f"a restart does what was not done before: {undone[0]}"
        kept = {node.ref: _standing(node) for node in self.core.board.graph.nodes()}
        for ref in kept:
            fresh.graph.find(ref)
        derived = {node.ref: _standing(node) for node in fresh.graph.nodes()}
        for ref in kept.keys() | derived.keys():
            assert kept.get(ref, _NOTHING) == derived.get(ref, _NOTHING), (
                f"{ref} is {kept.get(ref)}, after a restart {derived.get(ref)}"
            )


def _standing(node: Node) -> tuple[object, ...]:
    """What an incremental refresh and a full one must agree on; who wants what is done is of no account."""
    if node.done:
        return (True, node.stale)
    blocked = node.blocked if node.opened else 0
    return node.building, node.expanded, node.stale, blocked, node.unmet, node.opened, node.priority


_NOTHING = (False, False, 0, 0, 0, *NO_DEMAND)
