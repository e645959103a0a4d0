"""What is built: shapes of partitions, as configurations of the product, with jobs that do nothing.

The edges are those of the floor's graphs, so that ratios compare the same work. They are declared as inputs over the
output's placeholders; what an offset reaches outside the bounds is left out, so the wrap of the diamond's layers is a
second offset, of which exactly one reaches a ref.
"""

from pathlib import Path
from typing import Literal

import msgspec

Shape = Literal["fanout", "diamond", "chain", "flat"]
JobKind = Literal["inline", "worker", "process", "sleep"]

SHAPES: tuple[Shape, ...] = ("fanout", "diamond", "chain")
JOB_KINDS: tuple[JobKind, ...] = ("inline", "worker", "process")
"""What is built in every combination; flat, which has no edges, and sleeping are for measuring how long jobs wait."""

LAYERS = 10
_STEPS = (0, 1, 7)
"""Which neighbours a node of the diamond needs from the layer before, counted round it."""

SLOTS: dict[JobKind, int] = {"inline": 1_000_000, "worker": 2, "process": 4, "sleep": 64}
"""As many jobs at a time as the floor runs: a whole wave in the process itself, 2 workers, 4 processes."""

SLEEP_MS_MAX = 50

_JOB_KEYS: dict[JobKind, str] = {
    "inline": 'python = "noop:build"\nexecutor = "inline"',
    "worker": 'python = "noop:build"',
    "process": """command = ["/bin/sh", "-c", ': > "$WANTD_OUTPUT"']""",
    "sleep": 'command = ["/bin/sh", "sleep.sh"]',
}

_NOOP_PY = '''"""A job that does nothing, and says so."""


def build(ctx):
    for ref in ctx.args:
        ctx.done(ref, digest="0123456789abcdef0123456789abcdef")
'''

_SLEEP_SH = """# A job that makes an empty file, and then sleeps for as many milliseconds as its ref says.
: > "$WANTD_OUTPUT"
i=${1#leaf/}
ms=$((i * 7919 % 1009 % 50 + 1))
case $ms in ?) ms=0$ms ;; esac
exec sleep "0.0$ms"
"""


def sleep_ms(i: int) -> int:
    """How long the job of ``leaf/i`` sleeps where it sleeps: from 1 ms to SLEEP_MS_MAX, scattered."""
    return i * 7919 % 1009 % SLEEP_MS_MAX + 1


class Rule(msgspec.Struct, frozen=True):
    """An output pattern and what it needs."""

    output: str
    inputs: tuple[str, ...] = ()


class Workload(msgspec.Struct, frozen=True):
    """What makes the refs of a shape, the refs, and what a person types for all of them."""

    rules: tuple[Rule, ...]
    refs: tuple[str, ...]
    typed: tuple[str, ...]


def workload(shape: Shape, n: int) -> Workload:
    """Describe a shape of ``n`` partitions; a fan-out has its root beside them, a diamond a multiple of its layers."""
    match shape:
        case "fanout":
            rules = (Rule("root"), Rule(f"leaf/{{i:int(0..{n - 1})}}", ("root",)))
            return Workload(rules, ("root", *(f"leaf/{i}" for i in range(n))), ("root", f"leaf/0..{n - 1}"))
        case "chain":
            rule = Rule(f"link/{{i:int(0..{n - 1})}}", ("link/{i-1}",))
            return Workload((rule,), tuple(f"link/{i}" for i in range(n)), (f"link/0..{n - 1}",))
        case "diamond":
            return _diamond(n // LAYERS)
        case "flat":
            rule = Rule(f"leaf/{{i:int(0..{n - 1})}}")
            return Workload((rule,), tuple(f"leaf/{i}" for i in range(n)), (f"leaf/0..{n - 1}",))


def partitions(shape: Shape, n: int) -> int:
    """How many partitions a shape of this size has."""
    return n + (shape == "fanout")


def write_application(folder: Path, work: Workload, job: JobKind) -> Path:
    """Write the configuration of an application and its job into a folder; return the configuration's path."""
    (folder / "noop.py").write_text(_NOOP_PY)
    (folder / "sleep.sh").write_text(_SLEEP_SH)
    path = folder / "wantd.toml"
    path.write_text("\n".join([_head(work, job), *(_job(number, rule, job) for number, rule in enumerate(work.rules))]))
    return path


def _diamond(width: int) -> Workload:
    offsets = sorted({offset for step in _STEPS for offset in (step % width, step % width - width)} - {-width})
    rule = Rule(
        f"layer={{layer:int(0..{LAYERS - 1})}}/part={{i:int(0..{width - 1})}}",
        tuple(f"layer={{layer-1}}/part={{i{offset:+d}}}" for offset in offsets),
    )
    refs = (f"layer={layer}/part={i}" for layer in range(LAYERS) for i in range(width))
    return Workload((rule,), tuple(refs), (f"layer=0..{LAYERS - 1}/part=0..{width - 1}",))


def _head(work: Workload, job: JobKind) -> str:
    return f"""[application]
name = "benchmark"

[pools]
default = {SLOTS[job]}

[limits]
refs_per_want = {len(work.refs)}
"""


def _job(number: int, rule: Rule, job: JobKind) -> str:
    inputs = ", ".join(f'"{text}"' for text in rule.inputs)
    return f"""[[job]]
name = "job{number}"
outputs = ["{rule.output}"]
inputs = [{inputs}]
{_JOB_KEYS[job]}
"""
