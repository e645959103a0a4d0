"""One warm worker, as the keeper sees it: a process, a channel of whole messages, and at most one call at a time."""

import json
import math
import os
import socket
import time
from typing import NamedTuple

from orchestrator.executors.keeper.child import Streams
from orchestrator.executors.keeper.desk import Desk
from orchestrator.executors.keeper.files import CONTEXT_KEY, OUTPUT_KEY, REPORT_KEY
from orchestrator.executors.keeper.launch import Leader, Usage, spawn
from orchestrator.executors.keeper.procfs import KEEPER_KEY, RUN_KEY
from orchestrator.executors.keeper.run import Run
from orchestrator.executors.keeper.secrets import SecretFiles
from orchestrator.executors.keeper.wire import Call

PER_RUN_KEYS = frozenset({CONTEXT_KEY, OUTPUT_KEY, REPORT_KEY, RUN_KEY})
"""Environment keys that a worker sets anew for each call."""
_MESSAGE_BYTES_MAX = 64 << 10
_SCRIPT = os.path.normpath(os.path.join(os.path.abspath(__file__), *[os.pardir] * 4, "wantd", "worker.py"))


class Reply(NamedTuple):
    """How a call ended; usage is what the worker took since it was started."""

    loaded: bool
    code: int
    message: str
    usage: Usage


class Worker:
    """A worker process. ``idle_since`` and ``kill_at`` are monotonic seconds, infinite where they do not apply."""

    def __init__(self, run: Run, python: str, keeper: str) -> None:
        """Start a worker fit for this run, with the mark of its keeper. Raises CouldNotStart."""
        self.run: Run | None = None
        self.reply: Reply | None = None
        self.served = 0
        self.idle_since = math.inf
        self.kill_at = math.inf
        self._used = Usage(0.0, 0.0, 0)
        self._secrets = SecretFiles(run.request.secrets)
        self.desk = Desk()
        try:
            self.leader, self.channel = _start(run, python, {**self._secrets.env(), KEEPER_KEY: keeper})
        except BaseException:
            self._let_go()
            raise

    def call(self, run: Run, work: Call) -> bool:
        """Send a run; False when the worker has died, and so cannot have begun it."""
        self.desk.lay(run.request.context)
        said = {
            "run": run.request.run,
            "function": work.function,
            "context": self.desk.context,
            "report": self.desk.report,
            "output": run.request.env.get(OUTPUT_KEY, ""),
            "log": run.prints_to,
        }
        try:
            # The channel is empty, since there is one call at a time: it takes this at once.
            self.channel.send(json.dumps(said).encode())
        except (BrokenPipeError, ConnectionResetError):
            return False
        self.run, self.idle_since = run, math.inf
        return True

    def hear(self) -> bool:
        """Read a reply if there is one; False when the worker will say no more."""
        try:
            said = self.channel.recv(_MESSAGE_BYTES_MAX)
        except BlockingIOError:
            return True
        except OSError:
            return False
        if not said:
            return False
        self.reply = _parse_reply(said)
        return True

    def dismiss(self, patience_s: float) -> None:
        """Tell the worker to go: it ends when it reads the end of its channel, or is killed later."""
        self.idle_since = math.inf
        self.kill_at = time.monotonic() + patience_s
        self.channel.shutdown(socket.SHUT_WR)

    def close(self) -> None:
        """Let go of what was held for it: it has exited."""
        self.channel.close()
        self._let_go()

    def _let_go(self) -> None:
        self._secrets.close()
        self.desk.close()

    def usage_since_last(self, total: Usage) -> Usage:
        """Turn what the worker took since it was started into what it took since the last call."""
        spent = Usage(total.user_s - self._used.user_s, total.system_s - self._used.system_s, total.max_rss_kb)
        self._used = total
        return spent


def _start(run: Run, python: str, added: dict[str, str]) -> tuple[Leader, socket.socket]:
    ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    ours.settimeout(0)
    nowhere = os.open(os.devnull, os.O_WRONLY | os.O_CLOEXEC)
    request = run.request
    env = {key: value for key, value in request.env.items() if key not in PER_RUN_KEYS}
    try:
        argv = [python, "-u", _SCRIPT]
        leader = spawn(argv, request.cwd, {**env, **added}, Streams(nowhere, theirs.fileno()), request.limits)
    except BaseException:
        ours.close()
        raise
    finally:
        os.close(nowhere)
        theirs.close()
    return leader, ours


def _parse_reply(said: bytes) -> Reply:
    try:
        reply = json.loads(said)
        usage = Usage(float(reply["user_s"]), float(reply["system_s"]), int(reply["max_rss_kb"]))
        return Reply(bool(reply["loaded"]), int(reply["code"]), str(reply["message"]), usage)
    except (ValueError, KeyError, TypeError, OverflowError, RecursionError):
        # Only the job's own code, in the worker's process, could have done this.
        return Reply(loaded=True, code=1, message="the worker's reply cannot be read", usage=Usage(0.0, 0.0, 0))
