"""Sessions: who is logged in. They are kept in memory only and end with the daemon.

A session is known by a cookie that no script can read and no other site can send. A form carries the session's own
token besides, so that no page of somebody else can send it. There are at most SESSIONS_MAX; the one that was idle
longest gives way.
"""

import hashlib
import hmac
import secrets
import time
from collections import OrderedDict
from collections.abc import Callable

import msgspec

from orchestrator.api.access import Caller

SESSIONS_MAX = 32
IDLE_S = 2 * 3600.0
LIFE_S = 12 * 3600.0


class Session(msgspec.Struct):
    """Somebody who is logged in. ``form_token`` has to come with everything that changes something."""

    caller: Caller
    form_token: str
    opened: float
    used: float

    def owns(self, form_token: str) -> bool:
        """Whether a form is one of this session's own."""
        return hmac.compare_digest(self.form_token.encode(), form_token.encode(errors="replace"))


class Sessions:
    """The sessions of one listener."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._open: OrderedDict[str, Session] = OrderedDict()
        """By a digest of the cookie; the one that was used last is the last."""

    def open(self, caller: Caller) -> str:
        """Begin a session and give its cookie."""
        now = self._clock()
        cookie = secrets.token_urlsafe(32)
        self._open[_digest(cookie)] = Session(caller, secrets.token_urlsafe(32), now, now)
        while len(self._open) > SESSIONS_MAX:
            self._open.popitem(last=False)
        return cookie

    def find(self, cookie: str) -> Session | None:
        """The session of a cookie, which counts as used now; None where there is none, or no longer."""
        session, now = self._open.get(_digest(cookie)), self._clock()
        if session is None:
            return None
        if not self.is_open(session):
            self.close(cookie)
            return None
        session.used = now
        self._open.move_to_end(_digest(cookie))
        return session

    def is_open(self, session: Session) -> bool:
        """Whether a session goes on; asking is no use of it."""
        now = self._clock()
        is_over = now - session.used > IDLE_S or now - session.opened > LIFE_S
        return not is_over and any(session is one for one in self._open.values())

    def close(self, cookie: str) -> None:
        """End a session, if there is one."""
        self._open.pop(_digest(cookie), None)


def _digest(cookie: str) -> str:
    return hashlib.sha256(cookie.encode(errors="replace")).hexdigest()
