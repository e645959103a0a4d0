"""Being process 1, as the daemon is in a container that was started without an init.

Process 1 inherits every process that loses its parent, and has to reap it; jobs leave such processes behind. No
daemon does that on the side without taking away the exits of its own children, so it splits: the parent stays as
process 1, reaps whatever ends and passes signals on, and the child is the daemon. When the daemon ends, so does the
parent, with the same code, and the kernel ends what is left.
"""

from __future__ import annotations

import os
import signal

_SIGNALS = (signal.SIGTERM, signal.SIGINT, signal.SIGHUP)
_BY_TERMINAL = 0x80
"""What ``si_code`` says of a signal that the terminal sent: to the daemon, too."""


def leave_process_one() -> None:
    """Go on in a child where this is process 1. To be called while there is one thread."""
    if os.getpid() != 1:
        return
    waited_for = {*_SIGNALS, signal.SIGCHLD}
    before = signal.pthread_sigmask(signal.SIG_BLOCK, waited_for)
    daemon = os.fork()
    if daemon == 0:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)
        return
    while True:
        told = signal.sigwaitinfo(waited_for)
        if told.si_signo == signal.SIGCHLD:
            _reap(daemon)
        elif told.si_code != _BY_TERMINAL:
            os.kill(daemon, told.si_signo)


def _reap(daemon: int) -> None:
    """Reap everything that has ended; end with the daemon."""
    while True:
        try:
            pid, status = os.waitpid(-1, os.WNOHANG)
        except ChildProcessError:
            return
        if pid == 0:
            return
        if pid == daemon:
            code = os.waitstatus_to_exitcode(status)
            os._exit(code if code >= 0 else 128 - code)
