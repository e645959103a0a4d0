"""Where each deed is done: what there is before, and what must at least follow.

Each scene is played once for every door, about refs with a number of their own, in one daemon.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import NamedTuple

from tests.parity.deeds import WAYS, Deed
from tests.parity.house import House

ALL = tuple(way for way in WAYS if way != "build")
SEEN = tuple(way for way in ALL if way != "command")
"""The command line says no version: it acts on what there is."""


class Scene(NamedTuple):
    """``before`` makes what is needed, and gives the deed for a number; ``follows`` are kinds that must come of it."""

    name: str
    before: Callable[[House, int], Awaitable[Deed]]
    follows: tuple[str, ...]
    ways: tuple[str, ...] = ALL


async def _nothing_said(_: House, n: int) -> Deed:
    return Deed("create_want", {"refs": [f"inside/{n}"]})


async def _everything_said(_: House, n: int) -> Deed:
    said = {
        "priority": 7,
        "ttl_s": 86_400.5,
        "sla_s": 7_200.0,
        "data_timestamp": "2013-01-05T06:07:08+02:00",
        "idempotency_key": f"key/{n}",
        "comment": "für später; <b>--now</b> 'soon'",
    }
    return Deed("create_want", {"refs": [f"inside/{n}", f"{{raw,top}}/{n}"], **said})


async def _as_planned(house: House, n: int) -> Deed:
    plan = await house.door.plan((f"top/{n}",))
    return Deed("create_want", {"refs": [f"top/{n}"], "plan": plan.digest})


async def _to_be_built(_: House, n: int) -> Deed:
    return Deed("create_want", {"refs": [f"top/{n}"], "priority": -1, "comment": "built", "ttl_s": 3_600.0})


def _with_waiting(operation: str, body: dict[str, object]) -> Callable[[House, int], Awaitable[Deed]]:
    async def before(house: House, n: int) -> Deed:
        return Deed(operation, body, {"want": await house.wanted(f"inside/{n}")})

    return before


def _as_seen(operation: str) -> Callable[[House, int], Awaitable[Deed]]:
    async def before(house: House, n: int) -> Deed:
        want = await house.wanted(f"bad/{n}" if operation == "retry_want" else f"inside/{n}")
        if operation == "resume_want":
            await house.door.pause_want(want)
        return Deed(operation, {}, {"want": want}, (await house.door.want(want)).want.seq)

    return before


async def _running(house: House, n: int) -> Deed:
    return Deed("cancel_want", {"reason": "enough"}, {"want": await house.wanted(f"slow/{n}")})


async def _paused(house: House, n: int) -> Deed:
    want = await house.wanted(f"inside/{n}")
    await house.door.pause_want(want, "lunch")
    return Deed("resume_want", {}, {"want": want})


async def _failed(house: House, n: int) -> Deed:
    return Deed("retry_want", {}, {"want": await house.wanted(f"bad/{n}")})


def _live(body: dict[str, object]) -> Callable[[House, int], Awaitable[Deed]]:
    async def before(house: House, n: int) -> Deed:
        await house.wanted(f"top/{n}")
        return Deed("taint", {"refs": [f"raw/{n}"], "reason": "wrong by 1 °C", **body})

    return before


async def _awaited(house: House, n: int) -> Deed:
    await house.wanted(f"inside/{n}")
    return Deed("report", {"ref": f"outside/{n}", "digest": "d1", "location": "s3://there/x y"})


async def _not_awaited(_: House, n: int) -> Deed:
    return Deed("report", {"ref": f"outside/{n}", "digest": "d1", "metadata": {"rows": "3", "by": "a=b"}})


def _run(*, seen: bool) -> Callable[[House, int], Awaitable[Deed]]:
    async def before(house: House, n: int) -> Deed:
        run = await house.slow_run(await house.wanted(f"slow/{n}"))
        seq = (await house.door.jobrun(run)).run.seq
        return Deed("cancel_jobrun", {"reason": "too slow"}, {"run": run}, seq if seen else None)

    return before


SCENES = (
    Scene("a want of which nothing more is said", _nothing_said, ("WantCreated", "WantUpstreamBuilding")),
    Scene("a want of which everything is said", _everything_said, ("WantCreated", "JobRunQueued", "WantBuilding")),
    Scene("a want as it was planned", _as_planned, ("WantCreated", "JobRunQueued", "JobRunLaunching")),
    Scene("a build", _to_be_built, ("WantCreated", "JobRunQueued", "PartitionBuilding"), (*ALL, "build")),
    Scene("a waiting want is canceled", _with_waiting("cancel_want", {"reason": "no more"}), ("WantCanceled",)),
    Scene("it is canceled without a word", _with_waiting("cancel_want", {}), ("WantCanceled",)),
    Scene("it is canceled as it was seen", _as_seen("cancel_want"), ("WantCanceled",), SEEN),
    Scene("a want is canceled while its job runs", _running, ("WantCanceled", "JobRunCanceling")),
    Scene("a want is paused", _with_waiting("pause_want", {"reason": "lunch"}), ("WantPaused",)),
    Scene("it is paused as it was seen", _as_seen("pause_want"), ("WantPaused",), SEEN),
    Scene("a want is resumed", _paused, ("WantResumed", "WantUpstreamBuilding")),
    Scene("it is resumed as it was seen", _as_seen("resume_want"), ("WantResumed",), SEEN),
    Scene("a failed want is tried again", _failed, ("WantRetried", "JobRunQueued", "WantBuilding")),
    Scene("it is tried again as it was seen", _as_seen("retry_want"), ("WantRetried",), SEEN),
    Scene("data is tainted", _live({}), ("PartitionTainted",)),
    Scene("data and what was made from it is tainted", _live({"downstream": True}), ("PartitionTainted",) * 2),
    Scene("what is waited for is reported", _awaited, ("PartitionLive", "JobRunQueued", "WantBuilding")),
    Scene("a fact is reported with data", _not_awaited, ("PartitionLive",), ("http", "client", "command")),
    Scene("a JobRun is stopped", _run(seen=False), ("JobRunCanceling",)),
    Scene("it is stopped as it was seen", _run(seen=True), ("JobRunCanceling",), SEEN),
)
