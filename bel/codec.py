"""How an event becomes a row, and a row an event again.

``StructCodec`` does it for a union of tagged msgspec Structs. The kind is the tag; the payload is the event's JSON,
tag included, so that a payload read alone still says what it is. Kinds are for ever. When the fields of a kind change
its version grows by one, and an upcaster turns the JSON object of the old version into one of the next: old logs stay
readable and are never rewritten. Source: design section 6.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Generic, NamedTuple, Protocol, TypeVar

import msgspec

from bel.errors import CodecIncomplete, Undecodable, UnknownKind

E = TypeVar("E")

Upcaster = Callable[[dict[str, object]], dict[str, object]]
"""Turns the JSON object of one version into that of the next."""


class Encoded(NamedTuple):
    """The stored form of an event. ``payload`` is JSON text on a single line."""

    kind: str
    version: int
    entity: str
    payload: str


class Codec(Protocol[E]):
    """Between events and their stored form."""

    def encode(self, event: E) -> Encoded:
        """Give the stored form in the newest version of its kind."""
        ...

    def decode(self, kind: str, version: int, payload: str) -> E:
        """Give the event, brought up from an older version; raise UnknownKind or Undecodable."""
        ...


class StructCodec(Generic[E]):
    """A codec for tagged Structs, each of which is one kind of event."""

    def __init__(
        self,
        events: Sequence[type[E]],
        entity_of: Callable[[E], str],
        *,
        versions: Mapping[str, int] | None = None,
        upcasters: Mapping[tuple[str, int], Upcaster] | None = None,
    ) -> None:
        """Take the event types, and how to read the entity an event is about.

        ``versions`` holds the kinds that are not at version 1 any more, ``upcasters`` one function for each of their
        older versions, by (kind, version it reads). Raise CodecIncomplete when one is missing or too many.
        """
        self._types = _by_tag(events)
        self._versions = dict.fromkeys(self._types, 1) | dict(versions or {})
        self._upcasters = dict(upcasters or {})
        self._check_upcasters()
        self._entity_of = entity_of
        self._to_json = msgspec.json.Encoder().encode
        self._from_json = {kind: msgspec.json.Decoder(event).decode for kind, event in self._types.items()}
        self._stamps = {event: (kind, self._versions[kind]) for kind, event in self._types.items()}

    def encode(self, event: E) -> Encoded:
        """Give the stored form in the newest version of its kind."""
        kind, version = self._stamps[type(event)]
        return Encoded(kind, version, self._entity_of(event), self._to_json(event).decode())

    def decode(self, kind: str, version: int, payload: str) -> E:
        """Give the event, brought up from an older version; raise UnknownKind or Undecodable."""
        if self._versions.get(kind) == version:
            try:
                return self._from_json[kind](payload)
            except msgspec.MsgspecError as error:
                raise Undecodable(kind, str(error)) from error
        return self._decode_older(kind, version, payload)

    def _decode_older(self, kind: str, version: int, payload: str) -> E:
        newest = self._versions.get(kind)
        if newest is None or not 1 <= version < newest:
            raise UnknownKind(kind, version)
        try:
            fields = msgspec.json.decode(payload, type=dict[str, object])
            for step in range(version, newest):
                fields = self._upcasters[kind, step](fields)
            return msgspec.convert(fields, self._types[kind])
        except (msgspec.MsgspecError, LookupError, TypeError, ValueError) as error:
            raise Undecodable(kind, f"version {version} did not become version {newest}: {error!r}") from error

    def _check_upcasters(self) -> None:
        needed = {(kind, old) for kind, newest in self._versions.items() for old in range(1, newest)}
        if strangers := self._versions.keys() - self._types.keys():
            raise CodecIncomplete(f"versions of kinds that do not exist: {sorted(strangers)}; correct the names")
        if missing := needed - self._upcasters.keys():
            raise CodecIncomplete(
                f"no upcaster for (kind, version) {sorted(missing)}; write it, or old logs cannot be read"
            )
        if useless := self._upcasters.keys() - needed:
            raise CodecIncomplete(f"upcasters that nothing needs: {sorted(useless)}; raise the version of their kind")


def _by_tag(events: Sequence[type[E]]) -> dict[str, type[E]]:
    types: dict[str, type[E]] = {}
    for event in events:
        tag = event.__struct_config__.tag if issubclass(event, msgspec.Struct) else None
        if not isinstance(tag, str):
            raise CodecIncomplete(f"{event.__name__} is not a Struct with a text tag; give it tag=...")
        if tag in types:
            raise CodecIncomplete(f"{event.__name__} and {types[tag].__name__} share the tag {tag!r}; kinds are unique")
        types[tag] = event
    return types
