"""How the wall clock was set, and what a deadline of the log is by the clock of now.

A deadline in the log ends a wait, and is written as the wall time that was right when it was recorded. If the clock is
set afterwards, the wait has still to last as long as it was to. What was recorded before this life is trusted as far as
the clock allows: nobody knows how long the daemon was away, but no wait lasts longer than it would from its beginning.

Source: reference on reliability, section 3.6.
"""

from collections.abc import Iterable

from statemachines.ids import RunId, Timestamp


class ClockChanges:
    """What is known of the clock since a daemon began, which was at a moment and at a seq."""

    def __init__(self, began_at: Timestamp, began_seq: int) -> None:
        self._began_at = began_at
        self._began_seq = began_seq
        self._from_before: set[RunId] = set()
        """Batches that this daemon found waiting when it began."""
        self._changes: list[tuple[int, int, frozenset[RunId]]] = []

    def note(self, by_us: int, seq: int, batches: Iterable[RunId] = ()) -> None:
        """The clock was set by so much when ``seq`` was the last entry and these batches were waiting."""
        self._changes.append((seq, by_us, frozenset(batches)))

    def by_clock_of_now(self, deadline: Timestamp, since: Timestamp, seq: int, batch: RunId | None = None) -> Timestamp:
        """When a wait ends that the entry ``seq`` recorded, as one from ``since`` to ``deadline``.

        A batch has newer entries than the one that began its wait, where it was joined: it is known by its id.
        """
        if seq <= self._began_seq and batch is not None:
            self._from_before.add(batch)
        if seq <= self._began_seq or batch in self._from_before:
            deadline = Timestamp(deadline - max(0, since - self._began_at))
        return Timestamp(
            deadline + sum(by_us for upto, by_us, waiting in self._changes if seq <= upto or batch in waiting)
        )
