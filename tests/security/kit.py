"""An application whose jobs look around, and a daemon that was started as carelessly as can be."""

from __future__ import annotations

import json
import os
import resource
import signal
import subprocess
import sys
from collections.abc import Generator, Mapping
from contextlib import contextmanager
from io import StringIO
from pathlib import Path
from typing import Any

from tests.cli.kit import here, line_with

CANARY = "canary-4f1d9c"
"""No secret may hold this and be found anywhere."""

UNDECLARED = f"{CANARY}-undeclared"
PASSED = f"{CANARY}-passed-on"
VARIED = f"{CANARY}-from-a-variable"
FILED = f'{CANARY}-from-a "file"\n{CANARY}-with-two-lines\n'
UNTEXT = f"{CANARY}-not-utf8".encode() + b"\xff"

ESCAPES = "\x1b]0;owned\x07\x1b[2J\x9b31m\u202e\r"
"""A title, a clear screen, a color in one byte, text turned round, and a return to the first column."""

CONFIG = f"""\
[application]
name = "guarded"

[limits]
log_bytes = "64kB"
grace = "1s"

[pools]
one = 1

[[external]]
name = "outside"
outputs = ["outside/{{name}}"]

[[job]]
name = "process"
outputs = ["process/{{name}}"]
command = ["{sys.executable}", "look.py"]
pass_env = ["TOKEN"]

[[job]]
name = "worker"
outputs = ["worker/{{name}}"]
python = "look:call"
pass_env = ["TOKEN"]

[[job]]
name = "asked"
outputs = ["asked/{{name}}"]
command = ["{sys.executable}", "look.py"]
configure = ["{sys.executable}", "configure.py"]

[[job]]
name = "shell"
outputs = ["shell/{{name}}"]
command = ["sh", "shell.sh"]
env = {{ PYTHON_OF_TEST = "{sys.executable}" }}

[[job]]
name = "noisy"
outputs = ["noisy/{{name}}"]
command = ["{sys.executable}", "noisy.py"]

[[job]]
name = "failing"
outputs = ["failing/{{name}}"]
python = "look:fail"
pass_env = ["TOKEN"]

[[job]]
name = "reporting"
outputs = ["reporting/{{name}}"]
command = ["{sys.executable}", "report.py"]

[[job]]
name = "untext"
outputs = ["untext/{{name}}"]
command = ["true"]
pass_env = ["UNTEXT"]

[[job]]
name = "leaky"
outputs = ["leaky/{{name}}"]
command = ["{sys.executable}", "leak.py"]
batch = {{ max = 2, wait = "100ms" }}
pass_env = ["TOKEN"]
secrets = {{ FILED = {{ file = "filed" }}, VARIED = {{ env = "VARIED" }} }}

[[job]]
name = "leaking"
outputs = ["leaking/{{name}}"]
python = "leak:call"
pass_env = ["TOKEN"]
secrets = {{ FILED = {{ file = "filed" }}, VARIED = {{ env = "VARIED" }} }}
resources = {{ memory = "4GB", open_files = 100 }}

[[job]]
name = "misnamed"
outputs = ["misnamed/{{name}}"]
command = ["{sys.executable}", "misname.py"]
pass_env = ["TOKEN"]

[[job]]
name = "garbled"
outputs = ["garbled/{{name}}"]
command = ["sh", "-c", 'echo "it is $TOKEN" > "$WANTD_REPORT"']
pass_env = ["TOKEN"]

[[job]]
name = "babbling"
outputs = ["babbling/{{name}}"]
command = ["true"]
configure = ["{sys.executable}", "babble.py"]
pass_env = ["TOKEN"]

[[job]]
name = "complaining"
outputs = ["complaining/{{name}}"]
command = ["true"]
configure = ["sh", "-c", 'echo "no $TOKEN" >&2; exit 1']
pass_env = ["TOKEN"]

[[job]]
name = "keyless"
outputs = ["keyless/{{name}}"]
command = ["true"]
secrets = {{ KEY = {{ file = "no-such-file" }} }}

[[job]]
name = "unfound"
outputs = ["unfound/{{name}}"]
command = ["no-such-program-at-all"]
pass_env = ["TOKEN"]

[[job]]
name = "slow"
outputs = ["slow/{{name}}"]
command = ["sh", "-c", "exec sleep 600"]

[[outward.webhook]]
name = "nobody"
url = "http://127.0.0.1:9/"
secret = "filed"

[[job]]
name = "orphans"
outputs = ["orphans/{{name}}"]
command = ["sh", "orphans.sh"]

[[job]]
name = "turns"
outputs = ["turns/{{name}}"]
command = ["sh", "-c", "exec cat gate"]
pool = "one"

[[job]]
name = "above"
outputs = ["above/{{name}}"]
inputs = ["outside/{{name}}"]
command = ["{sys.executable}", "look.py"]
"""

LOOK = """\
import hashlib, json, os, resource, stat, sys

def seen(skip=()):
    fds = {}
    for name in os.listdir("/proc/self/fd"):
        try:
            fds[name] = os.readlink(f"/proc/self/fd/{name}")
        except OSError:
            pass  # the descriptor that lists the folder
    umask = os.umask(0)
    os.umask(umask)
    return {
        "argv": sys.argv[1:],
        "keys": sorted(os.environ),
        "token": hashlib.sha256(os.environ.get("TOKEN", "").encode()).hexdigest(),
        "fds": {n: t for n, t in fds.items() if not t.endswith("/fd")},
        "stdin": sys.stdin.read() if not skip else os.readlink("/proc/self/fd/0"),
        "umask": umask,
        "core": resource.getrlimit(resource.RLIMIT_CORE),
        "session": os.getsid(0) == os.getpid(),
    }

def call(ctx):
    for _, location in ctx.outputs:
        location.write_text(json.dumps(seen(skip=("stdin",))))

def fail(ctx):
    raise ValueError(open("complaint").read())

if __name__ == "__main__":
    print("my token is", os.environ.get("TOKEN"))
    with open(os.environ["WANTD_CONTEXT"]) as file:
        context = json.load(file)
    found = seen()
    for output in context["outputs"]:
        with open(output["location"], "w") as file:
            json.dump(found, file)
"""

CONFIGURE = """\
import json, os, pathlib, sys
sys.path.insert(0, os.getcwd())
import look
refs = sys.argv[1:]
if os.path.exists("lie.json"):
    print(open("lie.json").read())
else:
    pathlib.Path("configured.json").write_text(json.dumps(look.seen()))
    print(json.dumps([{"outputs": refs}]))
"""

SHELL = """\
for ref in "$@"; do printf '%s\\n' "$ref"; done
exec "$PYTHON_OF_TEST" look.py "$@"
"""

ORPHANS = """\
# two processes that leave everything that marks them as ours, and see who their parent is once it has gone
(setsid env -i /bin/sh -c 'sleep 0.2; echo $(ps -o ppid= -p $$) >> orphaned' &) </dev/null >/dev/null 2>&1
(setsid env -i /bin/sh -c 'sleep 0.2; echo $(ps -o ppid= -p $$) >> orphaned' &) </dev/null >/dev/null 2>&1
sleep 0.5
exec python -c '
import json, os
for output in json.load(open(os.environ["WANTD_CONTEXT"]))["outputs"]:
    open(output["location"], "w").write("orphans")
'
"""

NOISY = f"""\
import json, os
print({ESCAPES!r})
print("x" * 1_000_000)
print({ESCAPES!r})
for output in json.load(open(os.environ["WANTD_CONTEXT"]))["outputs"]:
    open(output["location"], "w").write("noise")
"""

LEAK = """\
import json, os, sys, time

def secrets():
    return [open(os.environ[key]).read() for key in ("FILED_FILE", "VARIED_FILE")] + [os.environ["TOKEN"]]

def leak():
    for secret in secrets():
        print(f"1 {secret} 2 {secret!r} 3 {json.dumps(secret)}", flush=True)
        print(secret, file=sys.stderr, flush=True)
        os.write(1, secret[:9].encode())
        time.sleep(0.05)
        os.write(2, secret[9:].encode())

def call(ctx):
    leak()
    for ref, location in ctx.outputs:
        location.write_text("".join(secrets()))
        ctx.log(secrets()[0], "error")
        ctx.metric("m", 1, label=secrets()[1])
        ctx.done(ref, metadata={"fact": secrets()[0], "facts": secrets()})
    raise ValueError(secrets()[1])

if __name__ == "__main__":
    leak()
    context = json.load(open(os.environ["WANTD_CONTEXT"]))
    good, bad = sorted(context["outputs"], key=lambda output: output["ref"])
    os.mkdir(good["location"])
    open(os.path.join(good["location"], secrets()[1]), "w").write("".join(secrets()))
    with open(os.environ["WANTD_REPORT"], "a") as report:
        print(json.dumps({"output": good["ref"], "metadata": {"fact": secrets()[0], "facts": secrets()}}), file=report)
        print(json.dumps({"failed": bad["ref"], "reason": " ".join(secrets())}), file=report)
"""

MISNAME = """\
import json, os
(output,) = json.load(open(os.environ["WANTD_CONTEXT"]))["outputs"]
os.mkdir(output["location"])
os.symlink("/", os.path.join(output["location"], os.environ["TOKEN"]))
"""

BABBLE = """\
import json, os, sys
print(json.dumps([{"outputs": sys.argv[1:], "args": [os.environ["TOKEN"]]}]))
"""

REPORT = """\
import os, shutil
shutil.copy("report.jsonl", os.environ["WANTD_REPORT"])
"""


class Terminal(StringIO):
    """What looks like a terminal, and keeps what would be drawn on it."""

    def isatty(self) -> bool:
        return True


def make_application(folder: Path) -> Path:
    """Write the application into a folder."""
    folder.mkdir(parents=True, mode=0o755)
    files = {
        "wantd.toml": CONFIG,
        "look.py": LOOK,
        "complaint": f"it went wrong {ESCAPES}",
        "configure.py": CONFIGURE,
        "shell.sh": SHELL,
        "noisy.py": NOISY,
        "orphans.sh": ORPHANS,
        "report.py": REPORT,
        "leak.py": LEAK,
        "misname.py": MISNAME,
        "babble.py": BABBLE,
        "filed": FILED,
    }
    for name, text in files.items():
        (folder / name).write_text(text)
    return folder


def careless() -> None:
    """What a child does before it becomes the daemon: no umask, large core dumps, an open descriptor."""
    os.umask(0)
    most = resource.getrlimit(resource.RLIMIT_CORE)[1]
    resource.setrlimit(resource.RLIMIT_CORE, (most, most))
    os.dup2(os.open("/etc/passwd", os.O_RDONLY), 9)


def careless_environment() -> dict[bytes, bytes]:
    """An environment with secrets, and with what makes other servers trust headers."""
    planted: Mapping[bytes, bytes] = {
        b"UNDECLARED": UNDECLARED.encode(),
        b"TOKEN": PASSED.encode(),
        b"UNTEXT": UNTEXT,
        b"VARIED": VARIED.encode(),
        b"FORWARDED_ALLOW_IPS": b"*",
    }
    return {**{os.fsencode(key): os.fsencode(value) for key, value in os.environ.items()}, **planted}


def start_daemon(app: Path, **more: str) -> subprocess.Popen[str]:
    """Start the real daemon, carelessly."""
    environment = {**careless_environment(), **{key.encode(): value.encode() for key, value in more.items()}}
    return subprocess.Popen(
        [sys.executable, "-m", "wantd", "serve"],
        cwd=app,
        env=environment,
        text=True,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        preexec_fn=careless,  # noqa: PLW1509 - this process has no threads that hold locks
        close_fds=False,
        start_new_session=True,
    )


@contextmanager
def daemon(app: Path) -> Generator[subprocess.Popen[str]]:
    """A daemon that is ended at the end, whatever happens."""
    process = start_daemon(app)
    try:
        line_with(process, "ready")
        yield process
    finally:
        if process.poll() is None:
            process.send_signal(signal.SIGTERM)
            process.communicate(timeout=30)
        for stream in (process.stdout, process.stderr):
            assert stream is not None
            stream.close()


def built(app: Path, *refs: str) -> str:
    """Want refs, wait until that is decided, and give the state of the want."""
    made = here(app, "want", "create", *refs)
    assert made.returncode == 0, made.stderr
    here(app, "want", "wait", made.stdout.strip(), "--timeout", "60s")
    shown = here(app, "want", "show", made.stdout.strip(), "--json")
    return str(json.loads(shown.stdout)["want"]["state"])


def saw(app: Path, ref: str) -> Any:
    """What the job of a ref saw."""
    path = here(app, "partition", "path", ref)
    assert path.returncode == 0, path.stderr
    return json.loads(Path(path.stdout.strip()).read_text())
