"""The laws that hold across entities, as functions of a world.

A machine says what one entity may do; these say what must be true of all of them together at the end of every batch.
Each law is a pure function that yields what breaks it, so a broken law names its entity and the entry to look at.
They are written for damaged worlds too: a law finds what is missing, it does not stumble over it.

Not here: whether an entry is a legal edge (the fold says that), and what only the catalog or the clock can tell (is an
instance fresh, is a want late). Cost of each law: linear in the world.

Source: seed 004 (global consistency invariants); design section 3 (laws 3, 4, 8) and section 4.
"""

from collections.abc import Iterator
from itertools import chain

from statemachines.laws.indices import (
    a_key_names_one_want,
    every_entity_has_its_seq,
    holdings_are_in_order,
    open_runs_are_listed,
    open_wants_are_opened,
    slots_are_counted,
    states_are_counted,
)
from statemachines.laws.instances import (
    a_chain_is_unbroken,
    a_run_names_what_it_makes,
    a_try_ends_with_its_run,
    adopted_is_the_same,
    canonical_is_kept,
    live_was_made_by_an_ended_run,
    one_instance_moves,
    replaced_has_a_successor,
    tries_never_fall,
)
from statemachines.laws.jobruns import (
    a_run_has_its_cause,
    no_run_needs_what_it_makes,
    outputs_are_distinct,
    queued_outputs_are_building,
    what_was_read_was_live,
)
from statemachines.laws.law import Law, Violation
from statemachines.laws.lists import jobruns_are_enrolled, refs_are_in_order, wants_are_enrolled
from statemachines.laws.wants import a_failed_want_says_why, a_want_says_what_is_built, superseded_by_another
from statemachines.world import World

INDEX_LAWS: tuple[Law, ...] = (
    every_entity_has_its_seq,
    open_wants_are_opened,
    a_key_names_one_want,
    holdings_are_in_order,
    open_runs_are_listed,
    slots_are_counted,
    states_are_counted,
    wants_are_enrolled,
    jobruns_are_enrolled,
    refs_are_in_order,
)
"""The redundant half of a world: these hold after every single entry."""

LAWS: tuple[Law, ...] = (
    *INDEX_LAWS,
    canonical_is_kept,
    one_instance_moves,
    a_try_ends_with_its_run,
    live_was_made_by_an_ended_run,
    a_run_names_what_it_makes,
    adopted_is_the_same,
    a_chain_is_unbroken,
    replaced_has_a_successor,
    tries_never_fall,
    outputs_are_distinct,
    queued_outputs_are_building,
    what_was_read_was_live,
    no_run_needs_what_it_makes,
    a_run_has_its_cause,
    a_failed_want_says_why,
    superseded_by_another,
)
"""What holds at the end of every batch."""

SETTLED_LAWS: tuple[Law, ...] = (a_want_says_what_is_built,)
"""What holds besides where the loop came to rest, which is not so after a batch that was cut short for its size."""


def check(world: World) -> Iterator[Violation]:
    """Hold a world against every law. It must be at the end of a batch."""
    return chain.from_iterable(each(world) for each in LAWS)


__all__ = [
    "INDEX_LAWS",
    "LAWS",
    "SETTLED_LAWS",
    "Law",
    "Violation",
    "a_chain_is_unbroken",
    "a_failed_want_says_why",
    "a_key_names_one_want",
    "a_run_has_its_cause",
    "a_run_names_what_it_makes",
    "a_try_ends_with_its_run",
    "a_want_says_what_is_built",
    "adopted_is_the_same",
    "canonical_is_kept",
    "check",
    "every_entity_has_its_seq",
    "holdings_are_in_order",
    "jobruns_are_enrolled",
    "live_was_made_by_an_ended_run",
    "no_run_needs_what_it_makes",
    "one_instance_moves",
    "open_runs_are_listed",
    "open_wants_are_opened",
    "outputs_are_distinct",
    "queued_outputs_are_building",
    "refs_are_in_order",
    "replaced_has_a_successor",
    "slots_are_counted",
    "states_are_counted",
    "superseded_by_another",
    "tries_never_fall",
    "wants_are_enrolled",
    "what_was_read_was_live",
]
