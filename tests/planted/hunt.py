"""Mutation testing of the pure core and the log: how many of a sample of small changes the tests notice.

``python -m tests.planted.hunt COMMIT FOLDER `` works in FOLDER, which it can be started in
again to go on: there it copies the project as of COMMIT, sees once which test runs which line, then tries each mutant
with the tests that run its line, the fastest first, until one fails. What it found is in FOLDER/verdicts.jsonl.
A mutant that makes the tests run for ever is caught. What no test noticed within the time for it has survived; started
again, with more time, it is tried with the tests that were left out.
"""

import argparse
import os
import signal
import time
from collections.abc import Iterator
from pathlib import Path

import msgspec

from tests.planted.covering import Map
from tests.planted.mutants import Mutant, sample
from tests.planted.planting import NotRun, first_failure
from tests.planted.tree import Ended, Tree

ROOMS = (
    "api",
    "bel",
    "catalog",
    "config",
    "contract",
    "engine",
    "faults",
    "machines",
    "model",
    "runtime",
    "simulation",
    "store",
    "views",
)
"""The tests that run the subjects in their own process."""

TESTS_S = 110.0
"""How long the tests of one mutant may take, by what they took while they were watched."""
HANG_S = 60
"""What no test takes."""


class Verdict(msgspec.Struct, frozen=True):
    """What became of a mutant. ``by`` is the test that noticed it, empty where none did."""

    mutant: Mutant
    by: str
    tests: int
    left_out: int
    """Tests that run the line, but not within the time for it."""
    seconds: float


def main() -> None:
    """Hunt a sample, and print the verdicts as they come."""
    parser = argparse.ArgumentParser(prog="python -m tests.planted.hunt", description=__doc__)
    parser.add_argument("commit")
    parser.add_argument("folder", type=Path)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--count", type=int, default=240)
    parser.add_argument("--seconds", type=float, default=TESTS_S, help="how long the tests of one mutant may take")
    told = parser.parse_args()
    folder: Path = told.folder.absolute()
    tree = Tree(folder / "tree") if (folder / "tree").exists() else Tree.copy(folder / "tree", told.commit)
    covered = _map(tree, folder / "map.json")
    verdicts = folder / "verdicts.jsonl"
    known = {one.mutant: one for one in _read(verdicts)}
    drawn = sample(tree.folder, told.seed, told.count)
    for mutant in drawn:
        before = known.get(mutant)
        if before is None or (not before.by and before.left_out):
            verdict = known[mutant] = try_mutant(
                tree, covered, mutant, told.seconds, 0 if before is None else before.tests
            )
            with verdicts.open("ab") as file:
                file.write(msgspec.json.encode(verdict) + b"\n")
            print(f"{'caught' if verdict.by else 'SURVIVED'} {mutant.path}:{mutant.line} {verdict.by}", flush=True)
    caught = sum(bool(known[mutant].by) for mutant in drawn)
    print(f"{caught} of {len(drawn)} caught: {caught / len(drawn):.1%}")


def try_mutant(tree: Tree, covered: Map, mutant: Mutant, seconds: float, passed: int = 0) -> Verdict:
    """Run the tests that see a mutant, until one fails, but for the first of them, which have passed with it before."""
    numbers = _tests_of(covered, mutant)
    chosen = list(_within(covered, numbers[passed:], seconds))
    began = time.monotonic()
    by = ""
    if chosen:
        listed = tree.folder / "chosen"
        listed.write_text("\n".join(covered.tests[number] for number in chosen))
        limit = 120 + 8 * sum(covered.seconds[number] for number in chosen)
        with tree.holding(mutant.path, mutant.applied_to((tree.folder / mutant.path).read_text())):
            by = _noticed(tree.pytest([f"--timeout={HANG_S}", f"@{listed}"], limit))
    tried = passed + len(chosen)
    return Verdict(mutant, by, tried, len(numbers) - tried, round(time.monotonic() - began, 1))


def _noticed(ended: Ended) -> str:
    try:
        return first_failure(ended)
    except NotRun:
        return "a test that there was for one of many things is gone"


def _tests_of(covered: Map, mutant: Mutant) -> list[int]:
    """The tests that run a line of the mutant; of what runs at import, those that run anything of the file."""
    lines = covered.lines.get(mutant.path, {})
    found = {number for line in range(mutant.line, mutant.last_line + 1) for number in lines.get(line, ())}
    if not found and any(line in lines for line in range(mutant.line, mutant.last_line + 1)):
        found = {number for numbers in lines.values() for number in numbers}
    return sorted(found)


def _within(covered: Map, numbers: list[int], seconds: float) -> Iterator[int]:
    for number in numbers:
        seconds -= covered.seconds[number]
        if seconds < 0:
            return
        yield number


def _map(tree: Tree, map_file: Path) -> Map:
    if not map_file.exists():
        rooms = [f"tests/{room}" for room in ROOMS]
        watch = {"PLANTED_MAP": str(map_file)}
        ended = tree.pytest(["-p", "tests.planted.covering", "--timeout=600", *rooms], 3600, watch)
        assert ended.code == 0, f"the tests have to hold before anything is broken:\n{ended.said[-2000:]}"
    return msgspec.json.decode(map_file.read_bytes(), type=Map)


def _read(verdicts: Path) -> list[Verdict]:
    lines = verdicts.read_bytes().splitlines() if verdicts.exists() else []
    return [msgspec.json.decode(line, type=Verdict) for line in lines]


if __name__ == "__main__":
    os.nice(15)
    signal.signal(signal.SIGTERM, signal.default_int_handler)  # leaves the copy as it was
    main()
