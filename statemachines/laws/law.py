"""What a law is: a function of a world that yields what breaks it, signed with its name and the entry to look at."""

from collections.abc import Callable, Iterator
from functools import wraps
from typing import NamedTuple

from statemachines.world import World


class Violation(NamedTuple):
    """What breaks a law: ``entity`` names it, ``seq`` is the newest entry about it (or of the world)."""

    law: str
    entity: str
    seq: int
    text: str


Finding = tuple[str, str]
"""The entity that breaks a law, and how."""

Law = Callable[[World], Iterator[Violation]]


def law(find: Callable[[World], Iterator[Finding]]) -> Law:
    """Make a law of a function that yields findings: it signs them with its name and the seq to look at."""

    @wraps(find)
    def signed(world: World) -> Iterator[Violation]:
        for entity, text in find(world):
            yield Violation(find.__name__, entity, world.seqs.get(entity, world.seq), text)

    return signed
