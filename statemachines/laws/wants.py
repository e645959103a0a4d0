"""What holds of wants: that they say what is so of their refs."""

from collections.abc import Iterator

from statemachines import partition, want
from statemachines.laws.law import Finding, law
from statemachines.laws.lookups import at, holdings_of, name_of
from statemachines.partition import Live
from statemachines.world import Holdings, World


@law
def a_want_says_what_is_built(world: World) -> Iterator[Finding]:
    """A want is Building only while one of its refs is; and while one is that readers do not get yet, it says so."""
    environments = holdings_of(world)
    for entity, state in world.wants.items():
        if not isinstance(state, want.Movable):
            continue
        holdings = environments.get(state.spec.environment, Holdings())
        built = [ref for ref in state.spec.refs if isinstance(at(world, holdings.newest, ref), partition.Building)]
        missing = [ref for ref in built if not isinstance(at(world, holdings.canonical, ref), Live)]
        if isinstance(state, want.Building) and not built:
            yield entity, "it is Building, but none of its refs is"
        elif not isinstance(state, want.Building) and missing:
            yield entity, f"it is {name_of(state)}, but {missing[0]} is being built for it"


@law
def a_failed_want_says_why(world: World) -> Iterator[Finding]:
    """A want that failed names refs that failed, each with an entry that says so and is older than its own."""
    for entity, state in world.wants.items():
        if isinstance(state, want.Failed | want.UpstreamFailed):
            if not 1 <= len(state.failures) <= min(state.count, want.FAILURES_SHOWN_MAX):
                yield entity, f"it names {len(state.failures)} failed refs and counts {state.count}"
            for failure in state.failures:
                if not 1 <= failure.evidence < world.seqs.get(entity, 0):
                    yield entity, f"entry {failure.evidence} cannot be why {failure.ref} failed: it is not older"


@law
def superseded_by_another(world: World) -> Iterator[Finding]:
    """A want that was superseded names the other want that took its place."""
    for entity, state in world.wants.items():
        if isinstance(state, want.Superseded) and (state.by == entity or state.by not in world.wants):
            yield entity, f"it was superseded by {state.by}, which is not another want"
