"""Finding a cycle of refs.

A pattern that needs itself is legal (number n needs n - 1); a ref that needs itself, over however many steps, can never
be built. Used on the catalog's declared inputs and, at run time, on what jobs reported to be missing.
"""

from collections.abc import Callable, Iterable, Iterator

from orchestrator.catalog.errors import TooMany
from statemachines.refs import Ref

Needs = Callable[[Ref], Iterable[Ref]]


def find_cycle(refs: Iterable[Ref], needs: Needs, limit: int) -> list[Ref] | None:
    """Return a cycle reachable from ``refs``, each ref needing the next and the last equal to the first, or None.

    Looks at each ref once; raises TooMany when there are more than ``limit``.
    """
    finished: set[Ref] = set()
    for start in refs:
        cycle = _cycle_from(start, needs, finished, limit)
        if cycle is not None:
            return cycle
    return None


def _cycle_from(start: Ref, needs: Needs, finished: set[Ref], limit: int) -> list[Ref] | None:
    """Walk depth first without recursion; ``path`` maps each open ref to what it still has to be asked about."""
    if start in finished:
        return None
    path: dict[Ref, Iterator[Ref]] = {start: iter(needs(start))}
    while path:
        if len(finished) + len(path) > limit:
            raise TooMany(
                f"more than {limit} refs hang together", "want fewer at a time, or raise limits.refs_per_want"
            )
        ref = next(reversed(path))
        need = next(path[ref], None)
        if need is None:
            path.popitem()
            finished.add(ref)
        elif need in path:
            open_refs = list(path)
            return [*open_refs[open_refs.index(need) :], need]
        elif need not in finished:
            path[need] = iter(needs(need))
    return None
