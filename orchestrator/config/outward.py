"""The rules of ``[outward]``: whom a daemon may tell things, and how.

What is told leaves this machine, so a URL is https, or http to this machine, unless the file says ``allow_http``. A
password in a URL is refused: it would be shown. Where a URL leads to is not looked up here.
"""

import re
from collections.abc import Iterator
from ipaddress import ip_address
from urllib.parse import SplitResult, urlsplit

from orchestrator.config.source import Finding, Where
from orchestrator.config.tables import OpenlineageTable, OpentelemetryTable, OutwardTable, WebhookTable

_NAME = re.compile("[A-Za-z0-9_-]{1,64}")
_TIMEOUT_MAX = 300_000_000


def check_outward(outward: OutwardTable) -> Iterator[Finding]:
    """Yield what is wrong with a table."""
    yield from _names(outward)
    for number, webhook in enumerate(outward.webhook):
        where: Where = ("outward", "webhook", number)
        if not webhook.states:
            yield (*where, "states"), "a webhook on no state tells nobody anything", "name some, or drop the key"
        yield from _http(webhook, where)
        yield from _file(webhook.secret, (*where, "secret"))
    if outward.openlineage is not None:
        yield from _openlineage(outward.openlineage)
    if outward.opentelemetry is not None:
        yield from _http(outward.opentelemetry, ("outward", "opentelemetry"))
        yield from _file(outward.opentelemetry.token, ("outward", "opentelemetry", "token"))


def _names(outward: OutwardTable) -> Iterator[Finding]:
    taken = {"openlineage", "opentelemetry"}
    for number, webhook in enumerate(outward.webhook):
        where: Where = ("outward", "webhook", number, "name")
        if not _NAME.fullmatch(webhook.name):
            yield where, f"{webhook.name!r} is no name", "use letters, digits, '_' and '-', 64 at most"
        if webhook.name in taken:
            yield where, f"the name {webhook.name!r} is taken", "how far each is told is kept by its name: use another"
        taken.add(webhook.name)


def _openlineage(lineage: OpenlineageTable) -> Iterator[Finding]:
    where: Where = ("outward", "openlineage")
    if (lineage.url is None) == (lineage.file is None):
        yield where, "lineage goes to one place", 'give exactly one: url = "https://..." or file = "lineage.jsonl"'
    if lineage.namespace == "":
        yield (*where, "namespace"), "it is empty", "drop the key for the name of the application"
    yield from _file(lineage.file, (*where, "file"))
    yield from _file(lineage.token, (*where, "token"))
    if lineage.url is not None:
        yield from _http(lineage, where)


def _http(table: WebhookTable | OpenlineageTable | OpentelemetryTable, where: Where) -> Iterator[Finding]:
    if not 1 <= table.timeout <= _TIMEOUT_MAX:
        yield (*where, "timeout"), "it is out of range", 'write up to "300s"'
    place = (*where, "url")
    parts = _parts(table.url or "")
    if parts is None or parts.hostname is None:
        yield place, "this is no URL", 'write one as in "https://example.com/hook"'
    elif parts.scheme not in {"http", "https"}:
        yield place, f"nothing is sent to {parts.scheme}://", "use https"
    elif parts.username is not None or parts.password is not None:
        yield place, "a password in a URL is shown where it should not", "put it into a file, as secret or token"
    elif parts.scheme == "http" and not table.allow_http and not _is_this_machine(parts.hostname):
        yield place, f"what is told would go to {parts.hostname} in clear", "use https, or say allow_http = true"


def _parts(url: str) -> SplitResult | None:
    if not url.isascii() or not url.isprintable() or " " in url or "#" in url:
        return None
    try:
        parts = urlsplit(url)
        return parts if parts.port != 0 else None
    except ValueError:
        return None


def _is_this_machine(host: str) -> bool:
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def _file(path: str | None, where: Where) -> Iterator[Finding]:
    if path is not None and (not path or not path.isprintable()):
        yield where, f"{path!r} is no path", "name a file"
