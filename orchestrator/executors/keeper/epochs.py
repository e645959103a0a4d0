"""The newest epoch that was ever seen in a keepers' folder: what keeps an overtaken daemon from starting anything.

A daemon raises the epoch before it looks for keepers. A keeper reads it after its journal has become visible, and again
before each request. So a daemon either finds a keeper, or that keeper finds the daemon's epoch; there is no third case.
"""

import fcntl
import os

_NAME = "epoch"


def read_epoch(keepers: str) -> int:
    """Read the newest epoch; 0 where none was ever stored."""
    try:
        with open(os.path.join(keepers, _NAME), "rb") as file:
            return int(file.read())
    except FileNotFoundError:
        return 0


def raise_epoch(keepers: str, epoch: int) -> int:
    """Store the epoch, durably, unless a newer one is there; return the newest."""
    lock = os.open(os.path.join(keepers, f"{_NAME}.lock"), os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        fcntl.flock(lock, fcntl.LOCK_EX)
        newest = read_epoch(keepers)
        if newest >= epoch:
            return newest
        _store(keepers, epoch)
        return epoch
    finally:
        os.close(lock)


def _store(keepers: str, epoch: int) -> None:
    path = os.path.join(keepers, _NAME)
    with open(f"{path}.next", "wb") as file:
        file.write(b"%d\n" % epoch)
        file.flush()
        os.fdatasync(file.fileno())
    os.rename(f"{path}.next", path)
    folder = os.open(keepers, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)
