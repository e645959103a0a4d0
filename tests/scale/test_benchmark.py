"""What reads cost can be measured."""

import os
import subprocess
import sys
from pathlib import Path

from benchmarks.sides import ROOT


def test_reads_are_measured(tmp_path: Path) -> None:
    """Broken: nobody can say any more what a read costs where there is much to be read."""
    command = [sys.executable, "-m", "benchmarks.million", "--size", "40", "--times", "2", "--past"]
    environ = {**os.environ, "PYTHONPATH": str(ROOT)}
    told = subprocess.run(
        [*command, "--folder", str(tmp_path)], env=environ, capture_output=True, text=True, timeout=110, check=False
    )
    assert told.returncode == 0, told.stderr
    assert "| partitions, first page |" in told.stdout
    assert "| why, of the past |" in told.stdout
