"""What the figures were measured on."""

import os
import platform
import statistics
import subprocess
import tempfile
import time
from pathlib import Path

from bel.driver import sqlite_facts
from benchmarks.builders import builders

_SYNCS = 200


def machine_facts() -> dict[str, str]:
    """Describe what the figures depend on, with one sync of the scratch disk and what else the machine had to do."""
    sqlite = sqlite_facts()
    return {
        "Processor": f"{os.cpu_count()} x {_after_colon('/proc/cpuinfo', 'model name')}",
        "Memory": f"{int(_after_colon('/proc/meminfo', 'MemTotal').split()[0]) / 1024**2:.0f} GiB",
        "System": f"{platform.system()} {platform.release().split('-')[0]}",
        "Python": f"{platform.python_implementation()} {platform.python_version()}",
        "SQLite": f"{sqlite.version} ({sqlite.driver})",
        **{builder: _version(builder) for builder in builders()},
        "Load average": f"{os.getloadavg()[1]:.1f} over the last five minutes, our own work included",
        "Sync of 4 KiB appended": f"{_sync_ms():.2f} ms, median of {_SYNCS}, on {_file_system(tempfile.gettempdir())}",
    }


def _version(program: str) -> str:
    said = subprocess.run([program, "--version"], capture_output=True, text=True, check=True).stdout
    return said.splitlines()[0]


def _sync_ms() -> float:
    with tempfile.NamedTemporaryFile() as file:
        return statistics.median(_sync_once(file.fileno()) for _ in range(_SYNCS)) * 1000


def _sync_once(handle: int) -> float:
    before = time.perf_counter()
    os.write(handle, bytes(4096))
    os.fdatasync(handle)
    return time.perf_counter() - before


def _file_system(folder: str) -> str:
    """The type of the file system a folder is on."""
    mounts = [line.split()[1:3] for line in Path("/proc/mounts").read_text().splitlines()]
    above = [(len(place), kind) for place, kind in mounts if Path(folder).is_relative_to(place)]
    return max(above, default=(0, "an unknown file system"))[1]


def _after_colon(file: str, key: str) -> str:
    """The value of a line ``key: value``."""
    for line in Path(file).read_text().splitlines():
        name, _, value = line.partition(":")
        if name.strip() == key:
            return value.strip()
    return "0 unknown"
