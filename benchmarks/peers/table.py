"""The peers beside us: what a task costs in each, and what it is worth that it is done."""

from collections.abc import Iterator, Sequence

from benchmarks.figures import Figures
from benchmarks.markdown import NONE, ms, number, table
from benchmarks.peers.environments import about_peers
from benchmarks.rows import PEERS, Absent, Case, Side
from benchmarks.workloads import SHAPES, JobKind

_DURABLE = "yes: each step is committed before the next"
_ONLY_A_FILE = "no: only the output file, which nobody syncs"
_OURS: tuple[tuple[Side, JobKind, str, str], ...] = (
    ("wantd", "inline", "a Python function in the daemon", _DURABLE),
    ("wantd", "process", "a shell for each task, four at a time", f"{_DURABLE}, and the output is synced"),
    ("floor", "inline", "nothing is called", _DURABLE),
    ("make", "process", "a shell for each task, two at a time", _ONLY_A_FILE),
    ("ninja", "process", "a shell for each task, two at a time", _ONLY_A_FILE),
)


def peers_table(found: Figures, absent: Sequence[Absent]) -> str:
    """Write down a line for each peer that was asked for, below ours of the same size; nothing where none was asked."""
    sizes = {case.n for peer in PEERS for case in found.cases("build", side=peer)}
    lines = [line for peer in PEERS for line in _peer(found, peer, sizes, absent)]
    if not lines:
        return ""
    ours = [_line(found, side, (job, n), (how, done)) for n in sorted(sizes) for side, job, how, done in _OURS]
    costs = (f"{shape}, ms a task" for shape in SHAPES)
    return table(("", "n", "how", *costs, "ask again, fanout, ms", "peak MB", "done is durable"), [*ours, *lines])


def _peer(found: Figures, peer: Side, sizes: set[int], absent: Sequence[Absent]) -> Iterator[tuple[str, ...]]:
    about = about_peers()[peer]
    measured = {case.n for case in found.cases("build", side=peer)}
    for n in sorted(sizes & measured):
        yield _line(found, peer, ("inline", n), (about.how, about.done))
    if not measured and any(one.side == peer for one in absent):
        yield _with_version(peer), NONE, about.how, *(["not measured, see above"] * len(SHAPES)), NONE, NONE, about.done


def _with_version(side: Side) -> str:
    """A peer with the version that is measured; ours is the one that measures."""
    return about_peers()[side].packages[0].replace("==", " ") if side in PEERS else side


def _line(found: Figures, side: Side, what: tuple[JobKind, int], said: tuple[str, str]) -> tuple[str, ...]:
    job, n = what
    built = [found.of(side, Case(shape, n, job), "build") for shape in SHAPES]
    costs = (NONE if one is None else f"{one.us_a_partition / 1000:.3g}" for one in built)
    peak = max((one.peak_mb for one in built if one is not None and one.peak_mb is not None), default=None)
    how, done = said
    return (
        _with_version(side),
        f"{n:,}",
        how,
        *costs,
        ms(found.of(side, Case("fanout", n, job), "again")),
        number(peak),
        done,
    )
