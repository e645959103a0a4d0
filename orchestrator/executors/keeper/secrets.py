"""Secrets as files that lie nowhere: each is a sealed piece of memory, read through this process's descriptor.

A job finds the path of the file for ``KEY`` in ``KEY_FILE``, as many programs expect it. Every process of the same user
can open the path, also one to which no descriptor was passed on; the file is gone when it is closed here, or when
this process dies. So nothing has to be cleaned up, and nothing can get into a backup.
"""

import fcntl
import os
from collections.abc import Mapping


class SecretFiles:
    """The secrets of one run, or of one worker, for as long as they are open."""

    def __init__(self, secrets: Mapping[str, bytes]) -> None:
        """Make the files. Raises OSError."""
        self._handles: dict[str, int] = {}
        try:
            for key, value in secrets.items():
                self._handles[key] = _sealed(value)
        except OSError:
            self.close()
            raise

    def env(self) -> dict[str, str]:
        """Say where each of them is."""
        return {f"{key}_FILE": f"/proc/{os.getpid()}/fd/{handle}" for key, handle in self._handles.items()}

    def close(self) -> None:
        """Let them go."""
        while self._handles:
            os.close(self._handles.popitem()[1])


def _sealed(value: bytes) -> int:
    handle = os.memfd_create("wantd-secret", os.MFD_CLOEXEC | os.MFD_ALLOW_SEALING)
    try:
        os.fchmod(handle, 0o400)
        left = value
        while left:
            left = left[os.write(handle, left) :]
        fcntl.fcntl(
            handle, fcntl.F_ADD_SEALS, fcntl.F_SEAL_WRITE | fcntl.F_SEAL_GROW | fcntl.F_SEAL_SHRINK | fcntl.F_SEAL_SEAL
        )
    except OSError:
        os.close(handle)
        raise
    return handle
