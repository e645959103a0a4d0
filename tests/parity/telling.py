"""Entries of the log without what must differ: times, ids, numbers and who it was."""

from __future__ import annotations

import json
import re
from typing import Any, NamedTuple, cast

from orchestrator.views.shapes import EntryFilter, EntryView
from tests.parity.deeds import Way
from tests.parity.house import House

AT_LEAST_US = 10**15
"""Numbers from here on are times: microseconds since 1970."""

KEPT = {"data_timestamp"}
"""A time that somebody said, and that has to be the same."""


class Told(NamedTuple):
    """One entry."""

    kind: str
    entity: str
    want: str
    actor: str
    cause: str
    payload: dict[str, Any]


async def turn_after(house: House, seq: int, n: int, way: Way) -> list[Told]:
    """The turn in which a deed was done, with everything that followed from it at once."""
    entries = await house.door.entries(EntryFilter(after=seq))
    turn = [entry for entry in entries if entry.batch == entries[0].batch]
    names = Names(n, way)
    return [await _told(house, entry, turn[0].seq, names) for entry in turn]


class Names:
    """Gives ids the order in which they come, and every deed the same number and actor."""

    def __init__(self, n: int, way: Way) -> None:
        self._n = n
        self._way = way
        self._ids: dict[str, str] = {}

    def plain(self, value: Any) -> Any:
        """The same value, as it is for every door."""
        text = re.sub(rf"/{self._n}\b", "/N", json.dumps(value, ensure_ascii=False))
        text = text.replace(self._way.actor, "SOMEBODY")
        return json.loads(re.sub(r"\b[wpr][0-9a-f]+-[0-9]+\b", self._known, text))

    def _known(self, found: re.Match[str]) -> str:
        return self._ids.setdefault(found[0], f"{found[0][0]}#{len(self._ids)}")


async def _told(house: House, entry: EntryView, first: int, names: Names) -> Told:
    payload = _since(entry.event, int(str(entry.event["at"])))
    if entry.kind == "WantCreated":
        source = payload["spec"].pop("source", "cli")
        assert source == names._way.source
    cause = str(entry.cause - first) if entry.cause >= first else await _kind_of(house, entry.cause)
    return Told(
        entry.kind,
        names.plain(entry.entity),
        names.plain(entry.want),
        names.plain(entry.actor),
        cause,
        names.plain(payload),
    )


async def _kind_of(house: House, seq: int) -> str:
    """What led to it before, by its kind."""
    if not seq:
        return "nothing"
    (entry,) = await house.door.entries(EntryFilter(after=seq - 1, upto=seq))
    return entry.kind


def _since(value: Any, at: int, name: str = "") -> Any:
    """Times, as seen from the entry."""
    if isinstance(value, dict):
        return {key: _since(one, at, key) for key, one in cast("dict[str, Any]", value).items()}
    if isinstance(value, list | tuple):
        return [_since(one, at) for one in cast("list[Any]", value)]
    return value - at if isinstance(value, int) and value >= AT_LEAST_US and name not in KEPT else value
