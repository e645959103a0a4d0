"""From a view-model to the page that is sent: templates that escape everything, and the headers of every answer.

The content security policy lets a page load and ask only what comes from this daemon; no script and no style stands in
a page. Files of the console are asked for under a name with a digest, so that they may be kept for ever.
"""

import hashlib
from collections.abc import Callable, Mapping
from functools import cache
from http import HTTPStatus
from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from starlette.responses import Response

from orchestrator.console import formats, shell
from orchestrator.console.drawing.bars import stacked_bar
from orchestrator.console.drawing.marks import marks
from orchestrator.console.pages.log import payload
from orchestrator.console.tones import TONES, tone_of_entry, tone_of_reason
from orchestrator.console.visits import BASE, Visit

HEADERS = {
    "Content-Security-Policy": (
        "default-src 'self'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'; object-src 'none'"
    ),
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "same-origin",  # with no-referrer, browsers send forms without an origin
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cache-Control": "no-store",
}

_FOLDER = Path(__file__).parent
STATIC = _FOLDER / "static"
MEDIA_TYPES = {".css": "text/css; charset=utf-8", ".js": "text/javascript; charset=utf-8", ".svg": "image/svg+xml"}


def page(template: str, visit: Visit, view: object, status: int = HTTPStatus.OK) -> Response:
    """A page for somebody who is logged in."""
    return answer(template, {"visit": visit, "view": view, "link": visit.link}, status)


def answer(template: str, names: Mapping[str, object], status: int = HTTPStatus.OK) -> Response:
    """A page with these names in its template."""
    text = _templates().get_template(f"{template}.html").render({**_common(), **names})
    return Response(text, status_code=status, media_type="text/html; charset=utf-8", headers=HEADERS)


@cache
def assets() -> Mapping[str, Path]:
    """The files that pages load, by the name they are asked for under."""
    return {f"{_digest(path)}-{path.name}": path for path in sorted(STATIC.iterdir()) if path.suffix in MEDIA_TYPES}


@cache
def _templates() -> Environment:
    templates = Environment(
        loader=FileSystemLoader(_FOLDER / "templates"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    filters: dict[str, Callable[..., object]] = {
        "ago": formats.ago,
        "clock": formats.clock,
        "span": formats.span,
        "tidy": formats.tidy,
        "count": formats.count,
        "middle": formats.middle,
        "size": formats.size,
        "words": formats.words,
        "payload": payload,
        "tone_of_entry": tone_of_entry,
        "tone_of_reason": tone_of_reason,
    }
    templates.filters.update(filters)
    return templates


@cache
def _common() -> Mapping[str, object]:
    """What every template knows."""
    asset = {path.name: f"{BASE}/static/{name}" for name, path in assets().items()}
    return {"asset": asset, "base": BASE, "shell": shell, "stacked_bar": stacked_bar, "marks": marks, "tones": TONES}


def _digest(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()[:12]
