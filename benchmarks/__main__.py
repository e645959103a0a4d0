"""``python -m benchmarks``: run the cases, print the tables; with ``--write`` also keep them in docs/performance.md.

Ctrl-C ends the measuring early; what was measured until then is shown, or kept, all the same.
"""

import argparse
import os
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path

import msgspec

from benchmarks.machine import machine_facts
from benchmarks.processes import adopt_orphans
from benchmarks.rounds import run_rounds
from benchmarks.rows import Case, Row
from benchmarks.sides import ROOT, floor_script
from benchmarks.table import figures, tables
from benchmarks.workloads import JOB_KINDS, LAYERS, SHAPES

PAGE = ROOT / "docs" / "performance.md"
RESULTS = ROOT / "benchmarks" / "results" / "latest.json"
BEGIN, END = "<!-- figures: written by make bench ARGS=--write -->", "<!-- end of figures -->"

SIZES = (1_000, 10_000)
LARGE = 100_000

NO_FLOOR = "No floor was found ($WANTD_FLOOR names its floor.py): only wantd was measured."


def main() -> None:
    """Run what the arguments say."""
    chosen = _arguments()
    if chosen.reads is not None:
        os.execv(sys.executable, [sys.executable, "-m", "benchmarks.million", "--size", str(chosen.reads), "--past"])
    adopt_orphans()
    rows: list[Row] = []
    try:
        rows.extend(run_rounds(_cases(chosen), chosen.rounds, _say))
    except KeyboardInterrupt:
        _say("stopped; this is what was measured until now")
    report = _report(rows)
    print(report)
    if chosen.write:
        _keep(rows, report)


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser("python -m benchmarks", description="Measure, and print tables.")
    parser.add_argument("--shape", action="append", choices=SHAPES, help="only this one; may be repeated")
    parser.add_argument("--job", action="append", choices=JOB_KINDS, help="only this kind; may be repeated")
    parser.add_argument("--size", action="append", type=_size, help=f"instead of {SIZES}; may be repeated")
    parser.add_argument("--large", action="store_true", help=f"{LARGE:,} too, for inline jobs")
    parser.add_argument("--reads", type=int, metavar="N", help="instead, what reads cost where there are N partitions")
    parser.add_argument("--rounds", type=int, default=3, help="how often each case is run (default 3)")
    parser.add_argument("--write", action="store_true", help=f"keep the figures in {PAGE.relative_to(ROOT)}")
    return parser.parse_args()


def _size(text: str) -> int:
    size = int(text)
    if size < 2 * LAYERS or size % LAYERS:
        raise argparse.ArgumentTypeError(f"{size} is no multiple of {LAYERS} from {2 * LAYERS} on")
    return size


def _cases(chosen: argparse.Namespace) -> Iterator[Case]:
    sizes: Sequence[int] = chosen.size or SIZES
    jobs, shapes = chosen.job or JOB_KINDS, chosen.shape or SHAPES
    for size in sizes:
        for job in jobs:
            yield from (Case(shape, size, job) for shape in shapes)
    if chosen.large and "inline" in jobs:
        yield from (Case(shape, LARGE, "inline") for shape in shapes)


def _report(rows: Sequence[Row]) -> str:
    facts = "\n".join(f"- {name}: {fact}" for name, fact in machine_facts().items())
    command = f"- Command: `{' '.join(('python -m benchmarks', *sys.argv[1:]))}`"
    missing = "" if floor_script() else f"\n\n{NO_FLOOR}"
    return f"{facts}\n{command}{missing}\n\n{tables(figures(rows))}"


def _keep(rows: Sequence[Row], report: str) -> None:
    """Put the report between its marks in the page, and the rows into a file that programs read."""
    before, _, rest = PAGE.read_text(encoding="utf-8").partition(BEGIN)
    after = rest.partition(END)[2]
    PAGE.write_text(f"{before}{BEGIN}\n\n{report}\n\n{END}{after}", encoding="utf-8")
    RESULTS.parent.mkdir(exist_ok=True)
    Path(RESULTS).write_bytes(b"".join(msgspec.json.encode(row) + b"\n" for row in rows))


def _say(line: str) -> None:
    print(line, file=sys.stderr, flush=True)


if __name__ == "__main__":
    main()
