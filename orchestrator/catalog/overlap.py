"""Whether two output patterns can both match one ref, and which.

Two patterns overlap when they have equally many segments and, segment by segment, some text is of both forms. That text
is searched for among the pairs of states of the two automata of a segment, shortest first. So an answer of None is a
proof, and any other answer is a witness: a ref that both patterns match, types and bounds included.
"""

from collections import deque
from collections.abc import Iterable, Iterator, Sequence
from functools import lru_cache
from itertools import islice
from typing import TypeVar

from orchestrator.catalog.automata import SegmentAutomaton
from orchestrator.catalog.patterns import Pattern, Segment

T = TypeVar("T")

REMEMBERED = 1_024
"""Pairs of segments whose answer is kept: most patterns of an application share a few, such as a date."""

_DIGITS = "0123456789"
_NO_SEGMENT = frozenset({"", ".", ".."})


def witness(left: Sequence[Segment], right: Sequence[Segment]) -> str | None:
    """Return a ref of both forms, or None where there is none."""
    if len(left) != len(right) or any(map(_plainly_apart, left, right)):
        return None
    texts: list[str] = []
    for number, (one, other) in enumerate(zip(left, right, strict=True)):
        text = _common_text(one, other, forbidden_start="-" if number == 0 else "")
        if text is None:
            return None
        texts.append(text)
    return "/".join(texts)


def overlaps(entries: Iterable[tuple[Pattern, T]]) -> Iterator[tuple[T, T, str]]:
    """Yield what stands beside each two patterns that overlap, with a ref that both match.

    Only patterns of which one's head begins with the other's can overlap, and sorting by head puts those together.
    """
    ordered = sorted(entries, key=lambda entry: entry[0].head)
    for number, (one, owner) in enumerate(ordered):
        for other, other_owner in islice(ordered, number + 1, None):
            if not other.head.startswith(one.head):
                break
            if (ref := witness(one.segments, other.segments)) is not None:
                yield owner, other_owner, ref


def _plainly_apart(one: Segment, other: Segment) -> bool:
    """Say that two segments begin or end with different literals: cheap, and enough for most pairs."""
    (begin, start), (end, stop) = (one[0], other[0]), (one[-1], other[-1])
    if (
        isinstance(begin, str)
        and isinstance(start, str)
        and not begin.startswith(start)
        and not start.startswith(begin)
    ):
        return True
    return isinstance(end, str) and isinstance(stop, str) and not end.endswith(stop) and not stop.endswith(end)


@lru_cache(REMEMBERED)
def _common_text(one: Segment, other: Segment, forbidden_start: str) -> str | None:
    left, right = SegmentAutomaton(one), SegmentAutomaton(other)
    alphabet = _alphabet(one, other)
    # A segment may not be '.' or '..', so texts that begin like them are told apart by their text.
    queue = deque([(left.start, right.start, "")])
    seen = {(left.start, right.start, "")}
    while queue:
        one_state, other_state, text = queue.popleft()
        if text not in _NO_SEGMENT and left.accepts(one_state) and right.accepts(other_state):
            return text
        for char in alphabet if text else alphabet.replace(forbidden_start, ""):
            longer = text + char
            for one_next in left.step(one_state, char):
                for other_next in right.step(other_state, char):
                    key = (one_next, other_next, longer if longer in _NO_SEGMENT else "x")
                    if key not in seen:
                        seen.add(key)
                        queue.append((one_next, other_next, longer))
    return None


def _alphabet(one: Segment, other: Segment) -> str:
    """Return the chars to try: any other char is as good as 'x', which stands for all that only free text takes."""
    literal = {char for part in (*one, *other) if isinstance(part, str) for char in part}
    return "x" + _DIGITS + "".join(sorted((literal | set("-TW")) - set(_DIGITS) - {"x"}))
