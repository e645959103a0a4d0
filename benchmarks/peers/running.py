"""Runs a peer on the graph of a case: the same edges, by number, that our configuration of it has."""

import os
from collections.abc import Iterable, Iterator, Mapping
from functools import partial
from pathlib import Path

import msgspec

from benchmarks.builders import edges
from benchmarks.peers.environments import NotInstalled, python_of
from benchmarks.processes import ProgramFailed, run
from benchmarks.rounds import Trial
from benchmarks.rows import MARK, Absent, Case, Peer, Phase, Row

SCRIPTS = Path(__file__).with_name("scripts")
_TIMEOUT_S = 600.0


class _Said(msgspec.Struct):
    phase: Phase
    seconds: float


def peers_installed(peers: Iterable[Peer]) -> tuple[dict[Peer, Path], list[Absent]]:
    """The Python of each peer, and which of them could not be installed, and why."""
    pythons: dict[Peer, Path] = {}
    absent: list[Absent] = []
    for peer in peers:
        try:
            pythons[peer] = python_of(peer)
        except NotInstalled as error:
            absent.append(Absent(peer, "its environment", str(error)))
    return pythons, absent


def beside(pythons: Mapping[Peer, Path], cases: Iterable[Case]) -> Iterator[Trial]:
    """Every peer on every case, each a trial of its own, so that one that fails stops no other."""
    for case in cases:
        for peer, python in pythons.items():
            yield Trial(f"{case.shape} {case.n} by {peer}", [(peer, partial(run_peer, peer, python, case))])


def run_peer(peer: Peer, python: Path, case: Case, folder: Path) -> list[Row]:
    """Let a peer build a case in an empty folder, and ask it again where that means something to it."""
    needs = edges(case, folder)
    numbers = {made: number for number, made in enumerate(needs)}
    graph = [[numbers[need] for need in needed] for needed in needs.values()]
    (folder / "graph.json").write_bytes(msgspec.json.encode(graph))
    command = [str(python), str(SCRIPTS / f"with_{peer}.py"), str(folder / "graph.json")]
    try:
        finished = run(command, folder, {**os.environ, "HOME": str(folder)}, _TIMEOUT_S)
    except ProgramFailed as error:  # what it said; the command names folders of this machine
        raise ProgramFailed(str(error).partition(": ")[2]) from error
    said = [
        msgspec.json.decode(line.removeprefix(MARK), type=_Said)
        for line in finished.output.splitlines()
        if line.startswith(MARK)
    ]
    return [Row(peer, case, one.phase, one.seconds, len(graph), peak_mb=finished.peak_mb) for one in said]
