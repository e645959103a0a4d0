"""What the buttons of pages do: forms that change something, each the same command as of the API and the command line.

A form is taken from who is logged in, with the token of his session, if his role may do it; the server has refused
pages of other origins before. Afterwards the browser is led to the page of what was changed.
"""

from collections.abc import Awaitable, Callable, Mapping
from typing import NamedTuple
from urllib.parse import parse_qsl

from starlette.responses import Response

from orchestrator.api.access import Asked, authorise
from orchestrator.api.decoding import body_of
from orchestrator.api.local import LocalDoor
from orchestrator.api.refusals import refusal
from orchestrator.config.units import parse_duration
from orchestrator.console.desk import Desk, led_to
from orchestrator.console.visits import link_to
from orchestrator.views.shapes import Wish
from statemachines.ids import SECOND_US


class Form(NamedTuple):
    """What was sent."""

    door: LocalDoor
    parts: Mapping[str, str]
    fields: Mapping[str, str]

    def text(self, name: str) -> str:
        """A field without the space around it; empty where it was not sent."""
        return self.fields.get(name, "").strip()

    def words(self, name: str) -> tuple[str, ...]:
        """The words of a field: refs have no spaces in them."""
        return tuple(self.fields.get(name, "").split())

    def seconds(self, name: str) -> float | None:
        """A duration such as ``2h``. Raises DoorError."""
        try:
            return parse_duration(self.text(name)) / SECOND_US if self.text(name) else None
        except ValueError as error:
            raise refusal("bad_time", f"{name}: {error}", "write 500ms, 5s, 10m, 2h or 3d") from None

    def whole(self, name: str) -> int:
        """A whole number, 0 where nothing was sent. Raises DoorError."""
        try:
            return int(self.text(name) or "0")
        except ValueError:
            raise refusal("bad_request", f"{name} is {self.text(name)[:40]!r}", "write a whole number") from None

    def seen(self) -> int | None:
        """The seq of what somebody looked at when he pressed the button: newer is refused."""
        return self.whole("seen") or None


Deed = Callable[[Form], Awaitable[str]]
"""Does it, and gives the page to go to."""


async def create_want(form: Form) -> str:
    """Make a want."""
    made = await form.door.create_want(
        Wish(
            refs=form.words("refs"),
            source="console",
            priority=form.whole("priority"),
            ttl_s=form.seconds("ttl"),
            sla_s=form.seconds("sla"),
            data_timestamp=form.text("data_timestamp") or None,
            idempotency_key=form.text("idempotency_key") or None,
            comment=form.text("comment"),
            plan=form.text("plan") or None,
        )
    )
    return link_to(f"/wants/{made.id}", {})


async def cancel_want(form: Form) -> str:
    """Take a want back."""
    made = await form.door.cancel_want(form.parts["want"], form.text("reason"), expected=form.seen())
    return link_to(f"/wants/{made.id}", {})


async def pause_want(form: Form) -> str:
    """Let a want demand nothing for now."""
    made = await form.door.pause_want(form.parts["want"], form.text("reason"), expected=form.seen())
    return link_to(f"/wants/{made.id}", {})


async def resume_want(form: Form) -> str:
    """Let a paused want go on."""
    made = await form.door.resume_want(form.parts["want"], expected=form.seen())
    return link_to(f"/wants/{made.id}", {})


async def retry_want(form: Form) -> str:
    """Try what failed of a want again."""
    made = await form.door.retry_want(form.parts["want"], expected=form.seen())
    return link_to(f"/wants/{made.id}", {})


async def taint(form: Form) -> str:
    """Say that instances must not be used."""
    refs = form.words("refs")
    await form.door.taint(refs, form.text("reason"), downstream=form.text("downstream") == "yes")
    return link_to("/partition", {"ref": refs[0]}) if len(refs) == 1 else link_to("/partitions", {"state": "Tainted"})


async def report(form: Form) -> str:
    """Say that data from outside is there."""
    digest = form.text("digest") or None
    made = await form.door.report(form.text("ref"), digest=digest, location=form.text("location"))
    return link_to("/partition", {"ref": made.ref})


async def cancel_jobrun(form: Form) -> str:
    """Stop a JobRun."""
    made = await form.door.cancel_jobrun(form.parts["run"], form.text("reason"), expected=form.seen())
    return link_to(f"/jobruns/{made.id}", {})


DEEDS: Mapping[str, Deed] = {
    "/wants": create_want,
    "/wants/{want}/cancel": cancel_want,
    "/wants/{want}/pause": pause_want,
    "/wants/{want}/resume": resume_want,
    "/wants/{want}/retry": retry_want,
    "/partitions/taint": taint,
    "/partitions/report": report,
    "/jobruns/{run}/cancel": cancel_jobrun,
}
"""What is done where."""


async def done(desk: Desk, deed: Deed, request: Asked) -> Response:
    """Do what a form asks for, if it may be done. Raises DoorError."""
    fields = await fields_of(request)
    session = desk.sender(request, fields)
    authorise(session.caller, "operate")
    parts = {name: str(value) for name, value in request.path_params.items()}
    place = await deed(Form(desk.door(request, session), parts, fields))
    return led_to(place)


async def fields_of(request: Asked) -> dict[str, str]:
    """The fields of a form that was sent; of one that was sent twice, the last."""
    body = await body_of(request)
    try:
        return dict(parse_qsl(body.decode(), keep_blank_values=True, errors="strict"))
    except ValueError as error:
        raise refusal("bad_request", f"this form is not right: {error}", "load the page anew and try again") from None
