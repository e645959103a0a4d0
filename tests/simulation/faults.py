"""What goes wrong, how likely it is at each chance it gets, and how often it did."""

from collections import Counter
from random import Random

CHANCES = {
    "the log is full": 0.02,
    "an append is lost, its outcome unknown": 0.01,
    "an append is written, its outcome unknown": 0.01,
    "killed in an append, before it is written": 0.01,
    "killed in an append, after it is written": 0.01,
    "a sync is refused": 0.01,
    "an output cannot be read": 0.02,
    "a folder cannot be made": 0.02,
    "a link cannot be drawn": 0.1,
    "a removal is refused": 0.1,
    "a report is lost, and told again much later": 0.04,
    "a report comes twice": 0.15,
    "a report comes late": 0.15,
    "reports change places": 0.5,
    "a report goes to a daemon that was replaced": 0.5,
    "a run is not seen starting": 0.15,
    "a job hangs": 0.05,
}
"""Faults that strike where something is done. Those that come by themselves are happenings (see ``simulation``)."""


class Faults:
    """Decides by dice, and counts.

    Each history has a weather of its own for each kind: what always comes together hides what comes alone, as a kill
    mends what another fault has broken.
    """

    def __init__(self, dice: Random, counted: Counter[str]) -> None:
        self.dice = dice
        self.counted = counted
        self.stopped = False
        self._chances = {name: chance * self.weather() for name, chance in CHANCES.items()}

    def weather(self) -> float:
        """How much more often than usual something comes in this history; 0 for never."""
        return self.dice.choice((0.0, 0.0, 0.3, 1.0, 3.0))

    def strike(self, name: str) -> bool:
        """Whether this fault happens now."""
        struck = not self.stopped and self.dice.random() < self._chances[name]
        self.counted[name] += struck
        return struck

    def delay(self, longest_s: float = 0.05) -> float:
        """How long something takes: mostly little, sometimes up to ``longest_s``."""
        return longest_s * self.dice.random() ** 3
