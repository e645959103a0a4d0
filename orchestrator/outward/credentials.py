"""By what a receiver knows us: the signature of a webhook, or a token.

Signatures are in the manner of Standard Webhooks: HMAC-SHA256 over id, moment and body. Keys and tokens are read from
their files for each request, so that a new one counts at once. Source: the Standard Webhooks specification, version 1.
"""

import base64
import binascii
import hmac
from collections.abc import Callable, Sequence
from pathlib import Path

from orchestrator.outward.carriers import Request
from orchestrator.outward.messages import Message, Undelivered
from orchestrator.runtime.clock import Clock
from orchestrator.runtime.secrets import BadSecret, read_secret
from statemachines.ids import SECOND_US

_PREFIX = b"whsec_"


def signed(key: Path | None, clock: Clock) -> Callable[[Sequence[Message]], Request]:
    """What wraps a message as a webhook, signed where there is a key."""

    def wrap(messages: Sequence[Message]) -> Request:
        (message,) = messages
        moment = str(clock.now() // SECOND_US)
        headers = [
            ("Content-Type", "application/json"),
            ("webhook-id", message.id),
            ("webhook-timestamp", moment),
        ]
        if key is not None:
            headers.append(("webhook-signature", signature(_read(key), message, moment)))
        return Request(headers, message.body)

    return wrap


def with_token(
    token: Path | None, content_type: str, pack: Callable[[Sequence[Message]], bytes]
) -> Callable[[Sequence[Message]], Request]:
    """What wraps packed messages, with a token where there is one."""

    def wrap(messages: Sequence[Message]) -> Request:
        headers = [("Content-Type", content_type)]
        if token is not None:
            headers.append(("Authorization", f"Bearer {_token(token)}"))
        return Request(headers, pack(messages))

    return wrap


def one_body(messages: Sequence[Message]) -> bytes:
    """The body of the one message that there is."""
    (message,) = messages
    return message.body


def signature(key: bytes, message: Message, moment: str) -> str:
    """The signature of a message that is sent at a moment, in seconds since 1970."""
    content = b".".join((message.id.encode(), moment.encode(), message.body))
    return "v1," + base64.b64encode(hmac.digest(key, content, "sha256")).decode()


def _token(path: Path) -> str:
    try:
        token = read_secret(path, "the token").strip().decode("ascii")
    except BadSecret as error:
        raise Undelivered(str(error)) from error
    except UnicodeDecodeError:
        raise Undelivered(f"the token in {path} is no text; correct it") from None
    if not token.isprintable() or not token:
        raise Undelivered(f"the token in {path} cannot be sent in a header; correct it")
    return token


def _read(path: Path) -> bytes:
    """The key: base64 behind ``whsec_``, or else the text itself."""
    try:
        text = read_secret(path, "the key of a webhook").strip()
        return base64.b64decode(text.removeprefix(_PREFIX), validate=True) if text.startswith(_PREFIX) else text
    except BadSecret as error:
        raise Undelivered(str(error)) from error
    except binascii.Error:
        raise Undelivered(f"the key in {path} begins with whsec_ and is not base64; correct it") from None
