"""``python -m benchmarks``: run the trials, print the tables; with ``--write`` also keep them in docs/performance.md.

Ctrl-C ends the measuring early; what was measured until then is shown, or kept, all the same. The exit code is 1 where
something that was asked for could not be measured.
"""

import argparse
import os
import sys
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from benchmarks import trials
from benchmarks.peers.running import beside, peers_installed
from benchmarks.processes import adopt_orphans
from benchmarks.report import PAGE, keep, report
from benchmarks.rounds import LONG_S, Trial, run_rounds
from benchmarks.rows import PEERS, Absent, Peer, Row
from benchmarks.sides import LARGE, ROOT
from benchmarks.workloads import JOB_KINDS, LAYERS, SHAPES, JobKind, Shape

SIZES = (1_000, 10_000)


def main() -> int:
    """Run what the arguments say."""
    chosen = _arguments()
    if chosen.reads is not None:
        os.execv(sys.executable, [sys.executable, "-m", "benchmarks.million", "--size", str(chosen.reads), "--past"])
    if chosen.budget:
        os.execv(sys.executable, [sys.executable, "-m", "benchmarks.budget"])
    adopt_orphans()
    pythons, absent = peers_installed(chosen.peers)
    found: list[Row | Absent] = [*absent]
    long_s = float("inf") if chosen.growth else LONG_S
    rounds: int = chosen.rounds or (5 if chosen.growth else 3)
    with tempfile.TemporaryDirectory(prefix="wantd-bench-") as folder:
        try:
            found.extend(run_rounds(_trials(chosen, pythons), rounds, Path(folder), _say, long_s))
        except KeyboardInterrupt:
            _say("stopped; this is what was measured until now")
        said = report(found, sys.argv[1:])
        print(said.text, flush=True)
        if chosen.write:
            keep(said, found)
    return int(any(isinstance(one, Absent) for one in found))


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser("python -m benchmarks", description="Measure, and print tables.")
    add = parser.add_argument
    add("--only", action="append", choices=trials.GROUPS, help="only this; may be repeated")
    add("--shape", action="append", choices=SHAPES, help="build only this one; may be repeated")
    add("--job", action="append", choices=JOB_KINDS, help="build only this kind; may be repeated")
    add("--size", action="append", type=_size, help=f"instead of {SIZES}; may be repeated")
    add("--large", action="store_true", help=f"{LARGE:,} too, for inline jobs, and a log of a million entries")
    add("--growth", action="store_true", help=f"{trials.GROWTH_SIZES} for inline jobs, five rounds of everything")
    add("--peers", type=_peers, default=(), metavar="A,B", help=f"beside these, too, or all: {', '.join(PEERS)}")
    add("--reads", type=int, metavar="N", help="instead, what reads cost where there are N partitions")
    add("--budget", action="store_true", help="instead, what the promises cost by themselves")
    add("--rounds", type=int, help="how often each trial is run (default 3, with --growth 5)")
    add("--write", action="store_true", help=f"keep the figures and plots in {PAGE.relative_to(ROOT)}")
    return parser.parse_args()


def _size(text: str) -> int:
    size = int(text)
    if size < 2 * LAYERS or size % LAYERS:
        raise argparse.ArgumentTypeError(f"{size} is no multiple of {LAYERS} from {2 * LAYERS} on")
    return size


def _peers(text: str) -> tuple[Peer, ...]:
    names = PEERS if text == "all" else tuple(text.split(","))
    if unknown := set(names).difference(PEERS):
        raise argparse.ArgumentTypeError(f"no such peer: {', '.join(sorted(unknown))}")
    return tuple(peer for peer in PEERS if peer in names)


def _trials(chosen: argparse.Namespace, pythons: Mapping[Peer, Path]) -> Iterator[Trial]:
    jobs: Sequence[JobKind] = chosen.job or JOB_KINDS
    shapes: Sequence[Shape] = chosen.shape or SHAPES
    sizes: Sequence[int] = chosen.size or SIZES
    cases = trials.combined(jobs, shapes, sizes)
    if chosen.large:
        cases += trials.combined(("inline",), shapes, (LARGE,))
    if chosen.growth:
        growing: list[Shape] = [shape for shape in shapes if shape in trials.GROWING]
        cases += trials.combined(("inline",), growing, chosen.size or trials.GROWTH_SIZES)
    yield from trials.every(chosen.only or trials.GROUPS, dict.fromkeys(cases))
    yield from beside(pythons, trials.combined(("inline",), shapes, [min(sizes)]))


def _say(line: str) -> None:
    print(line, file=sys.stderr, flush=True)


if __name__ == "__main__":
    sys.exit(main())
