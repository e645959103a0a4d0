"""The stored form of our events. A kind whose fields change gets a new version here, and an upcaster from the old."""

from bel.codec import StructCodec, Upcaster
from statemachines.events import EVENT_TYPES, AnyEvent, entity_of

VERSIONS: dict[str, int] = {}
UPCASTERS: dict[tuple[str, int], Upcaster] = {}

CODEC: StructCodec[AnyEvent] = StructCodec(EVENT_TYPES, entity_of, versions=VERSIONS, upcasters=UPCASTERS)
