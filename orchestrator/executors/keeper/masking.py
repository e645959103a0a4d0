"""Put ``***`` in the place of secrets, in whole texts and in streams that come in pieces.

Laws: no byte that belongs to an occurrence of a value comes out, however occurrences overlap and however a stream is
cut into pieces; every other byte comes out, in its order. Bytes that might become an occurrence are held back until
that is decided, at most one less than the longest value has.

It looks for values as they are: what a job encodes, splits or turns round is not found. Standard library only, since
the keeper uses it.
"""

from collections.abc import Iterable

MASK = b"***"


class Mask:
    """Values that must not be seen; without any it changes nothing."""

    def __init__(self, values: Iterable[bytes] = ()) -> None:
        self.values = tuple(dict.fromkeys(value for value in values if value))

    def __bool__(self) -> bool:
        return bool(self.values)

    def data(self, data: bytes) -> bytes:
        """Mask a whole."""
        return b"".join(_pieces(data, self.spans(data), 0, len(data))) if self.values else data

    def text(self, text: str) -> str:
        """Mask a whole text."""
        return self.data(text.encode(errors="surrogateescape")).decode(errors="surrogateescape")

    def spans(self, data: bytes) -> list[tuple[int, int]]:
        """List the parts that are covered by values, in order, overlapping ones as one."""
        found: list[tuple[int, int]] = []
        for value in self.values:
            at = data.find(value)
            while at >= 0:
                found.append((at, at + len(value)))
                at = data.find(value, at + 1)
        return _merged(sorted(found))

    def undecided(self, data: bytes) -> int:
        """Say where the longest end begins that could become a value, given more bytes; the length where none does."""
        return min((_begun(data, value) for value in self.values), default=len(data))


NO_MASK = Mask()


class MaskedStream:
    """A stream of bytes that is masked piece by piece."""

    def __init__(self, mask: Mask) -> None:
        self._mask = mask
        self._held = b""
        self._covered = 0
        """How many of the held bytes belong to a value whose mask is out already."""

    def feed(self, data: bytes) -> bytes:
        """Take in a piece, and give out what is decided."""
        held = self._held + data
        cut = self._mask.undecided(held)
        return self._give(held, cut)

    def end(self) -> bytes:
        """Give out what was held back: no more will come."""
        return self._give(self._held, len(self._held))

    def _give(self, held: bytes, cut: int) -> bytes:
        before = [(0, self._covered)] if self._covered else []
        spans = _merged(before + self._mask.spans(held))
        given = b"".join(_pieces(held, spans, self._covered, cut))
        last = max((end for start, end in spans if start < max(cut, self._covered)), default=0)
        self._held, self._covered = held[cut:], max(0, last - cut)
        return given


def _begun(data: bytes, value: bytes) -> int:
    at = data.find(value[:1], max(0, len(data) - len(value) + 1))
    while at >= 0 and not value.startswith(data[at:]):
        at = data.find(value[:1], at + 1)
    return len(data) if at < 0 else at


def _merged(spans: list[tuple[int, int]]) -> list[tuple[int, int]]:
    merged: list[tuple[int, int]] = []
    for start, end in spans:
        if merged and start < merged[-1][1]:
            merged[-1] = (merged[-1][0], max(end, merged[-1][1]))
        else:
            merged.append((start, end))
    return merged


def _pieces(data: bytes, spans: list[tuple[int, int]], told: int, cut: int) -> Iterable[bytes]:
    """What is to be seen of the data before ``cut``; the mask of a span that begins before ``told`` is out already."""
    at = 0
    for start, end in spans:
        if start >= cut:
            break
        yield data[at:start]
        if start >= told:
            yield MASK
        at = min(end, cut)
    yield data[at:cut]
