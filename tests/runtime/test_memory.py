"""What is freed goes back to the system."""

import platform
import subprocess
import sys

import pytest

MIB = 1 << 20

SCRIPT = """
import sys
from pathlib import Path
from orchestrator.runtime.garbage import give_back_large_blocks

def resident():
    return int(Path("/proc/self/statm").read_text().split()[1]) * 4096

if sys.argv[1] == "given back":
    give_back_large_blocks()
before = resident()
large = b"x" * (24 << 20)
del large
blocks = [bytes([n]) * (1 << 20) for n in range(48)]
above = [b"y" * 60_000 for _ in range(20)]
del blocks
print(resident() - before)
"""


def _left(how: str) -> float:
    """How many MiB a process has left of 48 that it freed, after it once had one large block."""
    done = subprocess.run([sys.executable, "-c", SCRIPT, how], capture_output=True, text=True, check=True)
    return int(done.stdout) / MIB


@pytest.mark.skipif(platform.libc_ver()[0] != "glibc", reason="only glibc keeps the more the larger the blocks were")
def test_large_blocks_go_back_to_the_system() -> None:
    """Broken: what a snapshot took stays with a daemon until it ends. That a daemon does this is seen in the soak."""
    assert _left("kept") > 24, "the control: without being told, the C library keeps it"
    assert _left("given back") < 8
