"""What happened in the harbour before somebody looks: a month was built, a day failed, another was tainted."""

from __future__ import annotations

from orchestrator.views.shapes import Wish
from tests.console.story import Harbour

MONTH = "landed/monthly/month=2013-01"
BROKEN = "landed/daily/date=2013-02-08"
PATIENCE_S = 60.0


FEW = ("landed/daily/date=2013-01-07..2013-01-09", "landed/daily/date=2013-02-07..2013-02-08")
"""What is built and what fails, where pages should be short."""


async def busy(harbour: Harbour, built: str = MONTH, failed: str = "landed/monthly/month=2013-02") -> None:
    """Make a past and a present to look at."""
    door = harbour.door
    await _done(harbour, Wish((built,), comment="the January report"))
    await door.taint(("landed/daily/date=2013-01-08",), "the scale was off by a ton")
    harbour.break_day("2013-02-08")
    await _done(harbour, Wish((failed,), comment="the February report"))
    await door.report("tides/date=2013-03-01", digest="d1")
    await _done(harbour, Wish(("forecast/date=2013-03-01",)))
    await door.create_want(Wish(("forecast/date=2013-03-02..2013-03-05",), comment="the tide is late", sla_s=0.001))
    paused = await door.create_want(Wish(("landed/monthly/month=2013-03",)))
    await door.pause_want(paused.id, "wait for the inspector")
    harbour.hold()
    await door.create_want(Wish(("survey/1..6",), priority=5))


async def _done(harbour: Harbour, wish: Wish) -> None:
    made = await harbour.door.create_want(wish)
    found = await harbour.door.wait_want(made.id, PATIENCE_S)
    assert found.state in {"Successful", "UpstreamFailed", "Failed"}, f"{found.first_ref} is still {found.state}"
