"""Who answers, whether it works, and what it can be asked."""

from orchestrator.api.local import LocalDoor
from orchestrator.api.ports import Engine
from orchestrator.api.refusals import refusal
from orchestrator.api.requests import BASE, Nothing
from orchestrator.api.table import Document, Routes
from orchestrator.views.shapes import Status

health = Routes("health", base="")


@health.get(f"{BASE}/status")
async def show_status(door: LocalDoor) -> Status:
    """Say who answers."""
    return await door.status()


@health.get(f"{BASE}/openapi.json")
async def show_document(document: Document) -> dict[str, object]:
    """Describe everything that can be asked: this document."""
    return document


@health.get("/livez", right="anyone")
async def livez() -> Nothing:
    """Answer: the process is alive."""
    return Nothing()


@health.get("/readyz", "log_full")
async def readyz(door: LocalDoor, engine: Engine) -> Status:
    """Say whether commands are taken; 503 with the reason while they are not."""
    if engine.is_draining:
        raise refusal("no_answer", "the daemon is ending", "ask the next one")
    status = await door.status()
    if status.read_only is not None:
        raise refusal("log_full", status.read_only, "free some space; the daemon goes on by itself")
    return status
