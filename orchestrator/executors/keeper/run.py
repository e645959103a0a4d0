"""A run in the hands of the keeper: from its claim to its end."""

import base64
import math
import selectors
import signal
import time

from orchestrator.executors.keeper.files import Unreadable
from orchestrator.executors.keeper.journal import End
from orchestrator.executors.keeper.launch import Leader, Usage
from orchestrator.executors.keeper.limits import over_limit
from orchestrator.executors.keeper.logs import LogCap
from orchestrator.executors.keeper.masking import Mask
from orchestrator.executors.keeper.output import MaskedOutput
from orchestrator.executors.keeper.secrets import SecretFiles
from orchestrator.executors.keeper.wire import Request

NO_USAGE = Usage(0.0, 0.0, 0)


class Run:
    """A claimed run.

    ``leader`` is None as long as it waits. ``why_ended`` is empty, or why we asked it to end: ``timeout`` or
    ``canceled``; the first reason stays. ``output`` is None where it writes to its log itself, ``said`` where what it
    says is in its file. Times are monotonic seconds.
    """

    def __init__(self, request: Request) -> None:
        self.request = request
        self.leader: Leader | None = None
        self.files = request.files
        self.log = LogCap(self.files.log, request.log_bytes_max)
        self.mask = Mask(request.masked)
        self.output: MaskedOutput | None = None
        self.secrets: SecretFiles | None = None
        self.said: bytes | None = None
        self.began_us = 0
        self.began_at = 0.0
        self.why_ended = ""
        self._timeout_at = math.inf
        self._kill_at = math.inf

    def open_output(self, selector: selectors.BaseSelector) -> None:
        """Put a mask before its log, where it knows secrets. Raises OSError."""
        if self.mask and self.output is None:
            self.output = MaskedOutput(selector, self.files.log, self.mask)

    @property
    def prints_to(self) -> str:
        """Where its stdout and stderr are to go."""
        return self.files.log if self.output is None else self.output.path

    def begin(self, leader: Leader) -> None:
        """Let the clock run: a leader works on it from now."""
        self.leader = leader
        self.began_us = now_us()
        self.began_at = time.monotonic()
        if self.request.timeout_s is not None:
            self._timeout_at = self.began_at + self.request.timeout_s

    def ask_to_end(self, why: str) -> None:
        """Ask everything that the run started to end, and give it its grace."""
        assert self.leader is not None, f"{self.request.run} waits, nothing of it runs"
        if not self.why_ended:
            self.why_ended = why
            self._kill_at = time.monotonic() + self.request.grace_s
            self.leader.ask_group()

    def look_after(self, now: float) -> None:
        """Cap its log, end it at its timeout, kill it when its grace is over."""
        if self.leader is None:
            return
        self.log.enforce()
        if now >= self._timeout_at:
            self.ask_to_end("timeout")
        if now >= self._kill_at:
            self.leader.kill_session()

    def could_not_start(self, message: str) -> End:
        """Describe an end before any beginning."""
        self._let_go()
        self.files.give_back()
        return self._end("could_not_start", 0, message, NO_USAGE)

    def canceled_while_waiting(self) -> End:
        """Describe the end of a run that was asked to stop before it was started."""
        return self._end("canceled", 0, "asked to stop before it was started", NO_USAGE)

    def ended(self, status: int, message: str, usage: Usage) -> End:
        """Describe how it ended, from its exit status (negative for a signal)."""
        self._let_go()
        self.log.enforce()
        return {**self._how_it_ended(status, message, usage), **self._report(did_its_work=status == 0)}

    def _how_it_ended(self, status: int, message: str, usage: Usage) -> End:
        how = self._killed(-status) if status < 0 else f"exit status {status}"
        match self.why_ended:
            case "timeout":
                return self._end("timeout", 0, f"ran longer than {self.request.timeout_s:g} s; {how}", usage)
            case "canceled" if status != 0:
                return self._end("canceled", 0, f"asked to stop; {how}", usage)
            case _ if status < 0:
                return self._end("signal", -status, message or how, usage)
            case _:
                return self._end("exit", status, message, usage)

    def _report(self, *, did_its_work: bool) -> End:
        try:
            said = self.files.said(self.request.report_bytes_max) if self.said is None else self.said
        except Unreadable as error:
            return {"unreadable": self.mask.text(str(error))}
        said = self.mask.data(said)
        if not did_its_work:
            self.files.keep(self.request.context, said)
        elif self.said is None or self.mask:  # else a worker made its log, and uses it again
            self.files.give_back()
        return {"said": base64.b64encode(said).decode()} if said else {}

    def _let_go(self) -> None:
        if self.output is not None:
            self.output.close()
        if self.secrets is not None:
            self.secrets.close()
        self.output = self.secrets = None

    def _killed(self, number: int) -> str:
        why = over_limit(number, self.request.limits)
        return f"killed by {_signal_name(number)}{why and f': {why}'}"

    def _end(self, kind: str, code: int, message: str, usage: Usage) -> End:
        ended_us = now_us()
        return {
            "kind": kind,
            "code": code,
            "message": self.mask.text(message),
            "stop_requested": self.why_ended == "canceled",
            "started_at_us": self.began_us,
            "ended_at_us": ended_us,
            "user_s": round(usage.user_s, 6),
            "system_s": round(usage.system_s, 6),
            "max_rss_kb": usage.max_rss_kb,
        }


def now_us() -> int:
    """Tell the wall-clock time in microseconds: for people, never for durations."""
    return time.time_ns() // 1000


def _signal_name(number: int) -> str:
    try:
        return signal.Signals(number).name
    except ValueError:
        return f"signal {number}"
