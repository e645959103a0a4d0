"""What waits for a turn: nobody is forgotten, and nobody is woken for nothing."""

import asyncio

import pytest

from orchestrator.observations import Exit, JobEnded
from orchestrator.report import Report
from orchestrator.runtime import mailbox
from orchestrator.runtime.mailbox import Mailbox
from statemachines.ids import RunId

SOON_S = 5.0


def an_end(number: int) -> JobEnded:
    return JobEnded(RunId(f"r-{number}"), Exit(kind="exit"), Report(), {})


@pytest.mark.asyncio
async def test_what_one_turn_does_not_take_wakes_the_next(monkeypatch: pytest.MonkeyPatch) -> None:
    """If this fails, what came in a crowd waits until something else happens, or the loop spins."""
    monkeypatch.setattr(mailbox, "TAKEN_MAX", 2)
    box = Mailbox()
    sent = [an_end(number) for number in range(5)]
    for one in sent:
        box.tell(one)
    taken: list[object] = []
    for size in (2, 2, 1):
        await asyncio.wait_for(box.filled(None), SOON_S)
        some = box.take()
        assert len(some) == size
        taken += some
    assert taken == sent
    with pytest.raises(TimeoutError):
        await asyncio.wait_for(box.filled(None), 0.01)
