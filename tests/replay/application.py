"""An application with one job of each kind that leaves its own traces in a log."""

from pathlib import Path

from orchestrator.daemon import Application

LAYERS = ("a", "b", "c", "d", "e", "f", "g")
"""Its jobs; ``x`` comes from outside. ``a`` needs nothing, all others need what stands before them."""

_TOML = """
[application]
name = "replayed"

[pools]
default = 100000
narrow = 7

[retry]
exit_code = 2
bad_report = 2

[[external]]
name = "x"
outputs = ["x/{n:int}"]
"""

_JOBS = {
    "a": 'retry = { exit_code = 3, backoff = "0s" }',
    "b": 'inputs = ["a/{n}", "a/{n-1}"]',
    "c": 'inputs = ["b/{n}"]\nbatch = { max = 25, wait = "1ms" }',
    "d": "dynamic = true",
    "e": 'inputs = ["x/{n}", "a/{n}"]\npriority = 3',
    "f": 'inputs = ["b/{n-2..n-1}", { ref = "a/{n}", type = "query" }]\npool = "narrow"\nretry = { exit_code = 1 }',
    "g": 'inputs = ["c/{n}", "f/{n}"]\non_code_change = "invalidate"',
}


def write_application(folder: Path) -> Application:
    """The application, with its state below a folder."""
    config = folder / "wantd.toml"
    config.write_text(_TOML + "".join(_job(name, more) for name, more in _JOBS.items()))
    return Application.load(config)


def _job(name: str, more: str) -> str:
    function = "look" if name == "d" else "build"
    return (
        f'\n[[job]]\nname = "{name}"\noutputs = ["{name}/{{n:int}}"]\n'
        f'python = "tests.replay.jobs:{function}"\nexecutor = "inline"\n{more}\n'
    )
