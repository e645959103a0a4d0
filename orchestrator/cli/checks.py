"""The checks of the doctor, each a function that looks at one thing and says what it found.

A problem keeps the daemon from working or the log from being safe; a warning does not.
"""

from __future__ import annotations

import fcntl
import http.client
import importlib.util
import os
import resource
import shutil
import socket
import stat
import sys
import time
from http import HTTPStatus
from importlib.metadata import PackageNotFoundError, distribution
from pathlib import Path
from typing import TYPE_CHECKING, Literal

import msgspec

from bel.driver import sqlite_facts
from bel.lock import read_holder
from orchestrator.api.unix import address_of
from orchestrator.config import ConfigError
from orchestrator.outward.cursor import BadCursor, CursorFile
from orchestrator.runtime.secrets import is_like_a_secret

if TYPE_CHECKING:
    from collections.abc import Iterator

    from orchestrator.api.ports import Application
    from orchestrator.catalog import Job
    from orchestrator.cli.session import Session

PACKAGES = ("wantd", "orchestrator", "statemachines", "bel")
OLDEST_PYTHON = (3, 11)
FREE_BYTES = 1 << 30
ANSWER_S = 5.0
EXTRA_OTEL = "install it: pip install 'wantd[otel]'"
OPEN_FILES = 1024
BUILT = 1_760_000_000
"""A moment before this program existed, in seconds since 1970: a clock that says less is wrong."""
NETWORK = {"nfs", "nfs4", "cifs", "smb3", "9p", "afs", "ceph", "fuse.sshfs", "fuse.glusterfs", "lustre", "gpfs"}
VOLATILE = {"tmpfs", "ramfs"}


class Finding(msgspec.Struct, frozen=True):
    """What one check found, and how to mend it."""

    what: str
    verdict: Literal["ok", "warning", "problem"]
    text: str
    mend: str = ""


def examine(session: Session) -> list[Finding]:
    """Run every check; those of the application only where there is one."""
    found = [python(), packages(), sqlite(), open_files(), clock()]
    try:
        application = session.application()
    except ConfigError as error:
        return [*found, Finding("configuration", "problem", str(error).removesuffix(f"; {error.hint}"), error.hint)]
    layout = application.layout
    found.append(Finding("configuration", "ok", str(application.config.source.path)))
    place = _nearest_existing(layout.state)
    return [
        *found,
        file_system(place),
        free_space(place),
        permissions(layout.state),
        lock(layout.state),
        *jobs(application),
        *secrets(application),
        *outlets(application),
    ]


def python() -> Finding:
    """Is this Python new enough, and does it keep assertions?"""
    text = f"{sys.version.split()[0]} at {sys.executable}"
    if sys.version_info < OLDEST_PYTHON:
        return Finding("python", "problem", text, "install Python 3.11 or later")
    if sys.flags.optimize:
        return Finding("python", "problem", f"{text}, without assertions", "start it without -O and PYTHONOPTIMIZE")
    return Finding("python", "ok", text)


def packages() -> Finding:
    """Are the packages that are imported ours? Their names are common words, and another package may shadow them."""
    try:
        version = distribution("wantd").version
    except PackageNotFoundError:
        return Finding("packages", "problem", "wantd is not installed in this Python", "install it: pip install wantd")
    homes = {name: _home(name) for name in PACKAGES}
    ours = _home("wantd")
    strangers = [f"{name} is taken from {home}" for name, home in homes.items() if home != ours]
    if strangers:
        return Finding("packages", "problem", "; ".join(strangers), f"they belong into {ours}: use a fresh environment")
    return Finding("packages", "ok", f"wantd {version} in {ours}")


def sqlite() -> Finding:
    """Which SQLite is used, and is it one that keeps a log safe?"""
    facts = sqlite_facts()
    text = f"{facts.version} of {facts.driver}"
    if facts.warning:
        why, _, mend = facts.warning.partition(": ")
        return Finding("sqlite", "problem", f"{text}: {why}", mend)
    return Finding("sqlite", "ok", text)


def open_files() -> Finding:
    """May this user open enough files?"""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft < OPEN_FILES:
        return Finding(
            "open files", "warning", f"at most {soft}", f"ulimit -n {min(hard, 65536) if hard > 0 else 65536}"
        )
    return Finding("open files", "ok", f"at most {soft}")


def clock() -> Finding:
    """Does the clock say a time that can be true?"""
    now = time.time()
    if now < BUILT:
        return Finding("clock", "problem", f"it says {time.ctime(now)}", "set it; run a time service such as chrony")
    return Finding("clock", "ok", time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(now)))


def file_system(place: Path) -> Finding:
    """Does the state lie on a disk of this machine?"""
    kind = _kind_of(place)
    if kind in NETWORK:
        mend = 'a log there can be damaged: move it to a local disk, [application] state = "/var/lib/..."'
        return Finding("file system", "problem", f"{place} is on a network ({kind})", mend)
    if kind in VOLATILE:
        return Finding("file system", "warning", f"{place} is in memory ({kind})", "a restart of the machine loses it")
    return Finding("file system", "ok", f"{place} is on {kind or 'an unknown file system'}")


def free_space(place: Path) -> Finding:
    """Is there room?"""
    free = shutil.disk_usage(place).free
    text = f"{free / 1e9:.1f} GB free at {place}"
    if free < FREE_BYTES:
        return Finding("free space", "warning", text, "a full disk makes the daemon read-only: free some space")
    return Finding("free space", "ok", text)


def permissions(state: Path) -> Finding:
    """Can the state be written, and only by its owner?"""
    place = _nearest_existing(state)
    if not os.access(place, os.R_OK | os.W_OK | os.X_OK):
        return Finding("permissions", "problem", f"{place} cannot be written", "check who owns it and its permissions")
    if place != state:
        return Finding("permissions", "ok", f"{state} does not exist yet and can be made")
    mode = stat.S_IMODE(state.stat().st_mode)
    if mode & 0o022:
        return Finding("permissions", "problem", f"others may write in {state} (mode {mode:o})", f"chmod 700 {state}")
    if mode & 0o077:
        return Finding("permissions", "warning", f"{state} has mode {mode:o}", f"others may look in: chmod 700 {state}")
    return Finding("permissions", "ok", f"{state} has mode {mode:o}")


def lock(state: Path) -> Finding:
    """Does a daemon hold the state directory?"""
    path = state / "lock"
    if not path.exists():
        return Finding("daemon", "ok", "none has run here yet")
    with path.open("rb") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            holder = read_holder(state)
            return _answering(state, f"process {holder.pid if holder else '?'} holds {state}")
    return Finding("daemon", "ok", "none is running")


def _answering(state: Path, text: str) -> Finding:
    """Does the daemon that holds the state answer?"""
    channel = http.client.HTTPConnection("wantd")
    channel.sock = socket.socket(socket.AF_UNIX)
    channel.sock.settimeout(ANSWER_S)
    try:
        with address_of(state / "socket") as address:
            channel.sock.connect(address)
        channel.request("GET", "/readyz")
        answer = channel.getresponse()
        answer.read()
    except FileNotFoundError:
        return Finding("daemon", "ok", f"{text}, and takes no requests: it is a build, or starts")
    except (OSError, http.client.HTTPException) as error:
        return Finding("daemon", "problem", f"{text}, and does not answer: {error}", "look at its lines; start it anew")
    finally:
        channel.close()
    if answer.status != HTTPStatus.OK:
        return Finding(
            "daemon", "problem", f"{text}, and is not ready", "its lines say why: it ends, or its disk is full"
        )
    return Finding("daemon", "ok", f"{text}, and is ready")


def secrets(application: Application) -> Iterator[Finding]:
    """Are the secrets of the jobs there, and can nobody else read them?"""
    for job in application.catalog.jobs.values():
        for name, source in job.secrets.items():
            what = f"secret {name} of {job.name}"
            if source.file is not None:
                yield _secret_file(what, Path(source.file))
            elif source.env not in os.environ:
                yield Finding(what, "warning", f"${source.env} is not set here", "set it where the daemon runs")
        for key in filter(is_like_a_secret, job.env):
            mend = f'take it out of the file: secrets = {{ {key} = {{ file = "..." }} }}'
            yield Finding(
                f"env of {job.name}", "warning", f"{key} looks like a secret and is in the configuration", mend
            )


def _secret_file(what: str, path: Path) -> Finding:
    if not os.access(path, os.R_OK):
        return Finding(what, "problem", f"{path} cannot be read", "make it, or correct its owner and permissions")
    mode = stat.S_IMODE(path.stat().st_mode)
    if mode & 0o077:
        verdict: Literal["warning", "problem"] = "problem" if mode & 0o022 else "warning"
        return Finding(what, verdict, f"others get at {path} (mode {mode:o})", f"chmod 600 {path}")
    return Finding(what, "ok", f"{path} has mode {mode:o}")


def outlets(application: Application) -> Iterator[Finding]:
    """Are the keys of those who are told something there, and has everything arrived?"""
    outward, folder = application.config.outward, application.config.folder
    if outward.opentelemetry is not None and importlib.util.find_spec("opentelemetry") is None:
        yield Finding("extra otel", "problem", "traces are configured and it is not installed", EXTRA_OTEL)
    keys = {webhook.name: webhook.secret for webhook in outward.webhook}
    keys |= {name: table.token for name, table in outward.services.items()}
    for name, key in keys.items():
        if key is not None:
            yield _secret_file(f"key of {name}", folder / key)
        try:
            cursor = CursorFile(application.layout.outward, name).load()
        except BadCursor as error:
            why, _, mend = str(error).rpartition("; ")
            yield Finding(f"outlet {name}", "problem", why, mend)
            continue
        if cursor is not None and cursor.trouble:
            yield Finding(f"outlet {name}", "warning", cursor.trouble, "it is tried again for as long as a daemon runs")
        elif cursor is not None:
            yield Finding(f"outlet {name}", "ok", f"it has been told everything up to entry {cursor.done}")


def jobs(application: Application) -> Iterator[Finding]:
    """Can the programs of the jobs be found, as a job would find them?"""
    for job in application.catalog.jobs.values():
        programs = _programs(job, application.catalog.python)
        missing = [program for program in programs if not _found(program, job, application)]
        if missing:
            mend = "correct it in the configuration, or install it"
            yield Finding(f"job {job.name}", "problem", f"there is no program {' or '.join(missing)}", mend)
    if not application.catalog.jobs:
        yield Finding("jobs", "warning", "there are no jobs", "add a [[job]] to the configuration")


def _programs(job: Job, interpreter: str) -> Iterator[str]:
    if job.command is not None:
        yield job.command[0]
    elif job.executor == "worker":
        yield interpreter
    if job.configure is not None:
        yield job.configure[0]


def _found(program: str, job: Job, application: Application) -> bool:
    if "/" in program:
        return os.access(application.catalog.folder / program, os.X_OK)
    return shutil.which(program, path=job.env.get("PATH", _path_of(job))) is not None


def _path_of(job: Job) -> str:
    """The PATH of a job: this Python first, unless the job takes ours as it is."""
    ours = os.environ.get("PATH", os.defpath)
    return ours if "PATH" in job.pass_env else os.pathsep.join((str(Path(sys.executable).parent), ours))


def _home(package: str) -> Path | None:
    spec = importlib.util.find_spec(package)
    return Path(spec.origin).resolve().parents[1] if spec is not None and spec.origin is not None else None


def _nearest_existing(path: Path) -> Path:
    return next(place for place in (path, *path.parents) if place.exists())


def _kind_of(place: Path) -> str:
    """Name the type of the file system a place is on, from the longest mount point above it; empty where unknown."""
    mounts = Path("/proc/self/mounts")
    if not mounts.exists():
        return ""
    found: dict[Path, str] = {}
    for line in mounts.read_text(errors="replace").splitlines():
        _, point, kind, *_ = line.split(" ")
        found[Path(point.replace("\\040", " "))] = kind
    real = place.resolve()
    return next((found[above] for above in (real, *real.parents) if above in found), "")
