"""The jobs of the replayed application: inline functions whose luck follows from the ref and the number of the try.

They count their calls in this module, so one process plays one history at a time (``begin``).
"""

from collections import Counter
from zlib import crc32

from wantd.job import Context, Missing

_tried: Counter[str] = Counter()


def begin() -> None:
    """Forget what was tried before."""
    _tried.clear()


def build(ctx: Context) -> None:
    """Say what was made of each ref; sometimes fail, as a whole or for one ref of a batch."""
    for ref in ctx.args:
        _tried[ref] += 1
        luck = _luck(ref)
        if luck < 5:
            raise ValueError(f"no luck with {ref}")
        if luck < 8:
            ctx.failed(ref, "it was bad")
        else:
            ctx.done(ref, digest=_digest(ref), metadata={"rows": luck})


def look(ctx: Context) -> None:
    """Find out what else is needed, and report what was read; a batch never comes here."""
    ref = ctx.args[0]
    number = ref.partition("/")[2]
    try:
        ctx.need(f"a/{int(number) // 2}", f"b/{number}")
    except Missing:
        return
    if _tried[ref] % 2:
        ctx.read(f"b/{number}")
    build(ctx)


def _luck(ref: str) -> int:
    """Below 100; the unlucky ones among ``f`` have none, however often they are tried."""
    if ref.startswith("f") and ref.endswith("13"):
        return 0
    return crc32(f"{ref} {_tried[ref]}".encode()) % 100


def _digest(ref: str) -> str:
    """Every third time it comes out differently: what was made from it is stale then."""
    return f"{crc32(ref.encode()):x}:{_tried[ref] // 3}"
