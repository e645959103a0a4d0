"""The facade: what a user of wantd imports. A job in Python needs ``job`` and ``Context``, nothing else.

A program that asks a daemon takes ``Client`` or ``AsyncClient``; they are imported when they are used, since a job
should start fast.
"""

from typing import TYPE_CHECKING

from wantd.job import Context, Missing, job

if TYPE_CHECKING:
    from wantd.client import AsyncClient, Client

__all__ = ["AsyncClient", "Client", "Context", "Missing", "job"]


def __getattr__(name: str) -> object:
    if name in {"AsyncClient", "Client"}:
        from wantd import client

        return getattr(client, name)
    raise AttributeError(f"module 'wantd' has no attribute {name!r}")
