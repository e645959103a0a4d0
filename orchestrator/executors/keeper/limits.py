"""Limits of one process, which the kernel keeps: what they are called, and what a process that breaks one dies of.

They hold for each process of a run on its own, apart from ``processes``, which counts all of the user's.
"""

import resource
import signal
from collections.abc import Mapping
from typing import NamedTuple


class Limit(NamedTuple):
    """One kind of limit: the kernel's number for it, and its unit for people."""

    which: int
    unit: str


LIMITS = {
    "memory": Limit(resource.RLIMIT_AS, "bytes"),
    "cpu_s": Limit(resource.RLIMIT_CPU, "seconds"),
    "open_files": Limit(resource.RLIMIT_NOFILE, "files"),
    "processes": Limit(resource.RLIMIT_NPROC, "processes"),
    "file_size": Limit(resource.RLIMIT_FSIZE, "bytes"),
}
_SIGNALS: Mapping[int, str] = {signal.SIGXCPU: "cpu_s", signal.SIGXFSZ: "file_size"}
_CPU_GRACE_S = 5
"""Between the signal that can be handled and the one that cannot."""


def set_limits(limits: Mapping[str, int]) -> None:
    """Set them for this process and all that it becomes. Raises ValueError that names the limit it may not have."""
    for name, most in limits.items():
        which = LIMITS[name].which
        try:
            resource.setrlimit(which, (most, most + _CPU_GRACE_S if which == resource.RLIMIT_CPU else most))
        except (ValueError, OSError, OverflowError):
            hard = resource.getrlimit(which)[1]
            allowed = "less" if hard == resource.RLIM_INFINITY else f"at most {hard}"
            raise ValueError(f"resources.{name} cannot be {most} {LIMITS[name].unit}, it may be {allowed}") from None


def over_limit(killed_by: int, limits: Mapping[str, int]) -> str:
    """Say which limit a signal stands for; nothing where it stands for none that was set."""
    name = _SIGNALS.get(killed_by)
    if name is None or name not in limits:
        return ""
    return f"it took more than resources.{name.removesuffix('_s')} allows, {limits[name]} {LIMITS[name].unit}"
