"""``python -m tests.soak --minutes 30``: soak, and print a table; with ``--write`` also keep it, and a plot, in docs/.

Every sample goes to a CSV beside the application, whose folder stays.
"""

import argparse
import sys
import tempfile
from pathlib import Path

from tests.acceptance import commands
from tests.acceptance.copies import HOUSE
from tests.executors.rigs import end_all_keepers
from tests.soak import page
from tests.soak.drawing import draw
from tests.soak.sampling import write_csv
from tests.soak.soaking import Soaked, grows_without_cause, soak

PAGE = HOUSE / "docs" / "reliability.md"
PLOT = HOUSE / "docs" / "images" / "soak.svg"


def main() -> int:
    """Do what the arguments say; 1 where something grows that should not."""
    chosen = _arguments()
    application = Path(tempfile.mkdtemp(prefix="wantd-soak-")) / "application"
    try:
        soaked = soak(application, chosen.minutes, _say)
    finally:
        commands.end_all()
        end_all_keepers(application / ".wantd" / "runs" / "keepers")
    write_csv(soaked.samples, application.with_name("soak.csv"))
    _say(f"samples: {application.with_name('soak.csv')}")
    print(page.table(soaked.found, soaked.ends, soaked.ready_s))
    if chosen.write:
        _keep(soaked)
    complaints = grows_without_cause(soaked.found)
    _say("\n".join(complaints) or "nothing grows without cause")
    return bool(complaints)


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        "python -m tests.soak", description="Work for long, be killed now and then, stay flat."
    )
    parser.add_argument("--minutes", type=float, default=30.0)
    parser.add_argument("--write", action="store_true", help="keep table and plot in docs/")
    return parser.parse_args()


def _keep(soaked: Soaked) -> None:
    page.write(PAGE, page.table(soaked.found, soaked.ends, soaked.ready_s))
    draw(soaked.samples, soaked.found, PLOT)


def _say(line: str) -> None:
    print(line, file=sys.stderr, flush=True)


if __name__ == "__main__":
    sys.exit(main())
