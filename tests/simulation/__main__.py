"""``python -m tests.simulation SEED [STEPS]`` plays one history again; it prints the application and the log."""

import sys
from pathlib import Path
from tempfile import TemporaryDirectory

from bel.row import Row
from tests.simulation.simulation import STEPS, Simulation


def shown(row: Row) -> str:
    """One entry, for people."""
    return f"{row[0]} [{row[1]}] {row[11].hex()[:12]} at {row[2]} by {row[9]} after {row[7]}: {row[10]}"


seed = int(sys.argv[1])
with TemporaryDirectory() as folder:
    simulation = Simulation(seed, Path(folder))
    print(simulation.toml)
    try:
        simulation.play(int(sys.argv[2]) if len(sys.argv) > 2 else STEPS)
    finally:
        print("\n".join(shown(row) for row in simulation.log))
        print(dict(sorted(simulation.counted.items())))
