"""A message, the port that takes it to somebody, and the two ways in which that can fail."""

from collections.abc import Sequence
from typing import Protocol

import msgspec


class Message(msgspec.Struct, frozen=True):
    """Something to tell. ``id`` is the same however often it is told, and no other message has it."""

    id: str
    body: bytes


class Undelivered(Exception):
    """It did not arrive, or nobody knows: try again. The text names no secret and no more of a URL than its host."""

    def __init__(self, why: str, wait_s: float = 0.0) -> None:
        super().__init__(why)
        self.wait_s = wait_s
        """How long the receiver asks to be left alone."""


class Unwanted(Exception):
    """The receiver has read it and will never take it: to try again is no use."""


class Carrier(Protocol):
    """Takes messages to one receiver."""

    @property
    def most(self) -> int:
        """How many messages it takes at once."""
        ...

    async def deliver(self, messages: Sequence[Message], /) -> None:
        """Take them there, in this order. Raises Undelivered or Unwanted, for all of them."""
        ...

    async def close(self) -> None:
        """Let go of whatever is open."""
        ...
