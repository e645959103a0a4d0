"""What a service manager will do to the jobs when it stops the daemon, as far as that can be known.

Only systemd is asked, and only by a daemon that it started; nothing that goes wrong here is more than a silence.
"""

from __future__ import annotations

import re
import subprocess
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

_PATIENCE_S = 2.0
_SPARING = {"process", "none"}
_UNIT = re.compile(r"(?P<user>user@[0-9]+\.service/.*)?(?P<unit>[^/]+\.service)(/[^/]*)*$")


def danger_to_jobs(environ: Mapping[str, str], cgroup: Path = Path("/proc/self/cgroup")) -> str:
    """Warn if stopping the daemon's unit kills its jobs; empty where it does not, or nobody knows."""
    if "INVOCATION_ID" not in environ:
        return ""
    try:
        question = _question(cgroup.read_text())
        if question is None:
            return ""
        said = subprocess.run(question, capture_output=True, text=True, timeout=_PATIENCE_S, check=True).stdout.strip()
    except (OSError, ValueError, subprocess.SubprocessError):
        return ""
    if not said or said in _SPARING:
        return ""
    return f"{question[-1]} has KillMode={said}: stopping the daemon kills its jobs; write KillMode=process in the unit"


def _question(cgroups: str) -> list[str] | None:
    """What to ask systemd, from the lines of ``/proc/self/cgroup``."""
    for line in cgroups.splitlines():
        hierarchy, _, path = line.split(":", 2)
        found = _UNIT.search(path)
        if found is not None and (hierarchy == "0" or "name=systemd" in line):
            manager = ["--user"] if found["user"] else []
            return ["systemctl", *manager, "show", "--property=KillMode", "--value", "--", found["unit"]]
    return None
