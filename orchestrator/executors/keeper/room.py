"""A disk without room: that passes, so it is waited out, and costs nobody a try."""

import errno

FULL = {errno.ENOSPC, errno.EDQUOT}
"""How the system says so."""
RETRY_S = 0.5
"""How long nobody looks again after that."""


class NoRoom(Exception):
    """There is no room on the disk; nothing was done."""
