"""The fingerprint of a job: what its outputs depend on besides its inputs, as one short text.

It covers the argv or function, ``configure``, the output and input patterns, the declared environment, and the content
of the files the job is made of: those its argv names, its Python module, and its ``sources``. Files count by their path
within the application's folder, so the same application has the same fingerprints on every machine. Files outside the
folder, reached directly or through a link, do not count.

This is the one module of the catalog that reads files. Source: design section 8 (reuse by trace).
"""

import hashlib
from collections.abc import Iterator
from pathlib import Path

import msgspec

from orchestrator.config import InputTable, JobTable

FINGERPRINT_CHARS = 32


def fingerprint(job: JobTable, folder: Path) -> str:
    """Compute a job's fingerprint; ``folder`` is the application's. Raises OSError for a file that cannot be read."""
    parts = {
        "command": job.command,
        "python": job.python,
        "configure": job.configure,
        "outputs": job.outputs,
        "inputs": [_plain(item) for item in job.inputs],
        "env": job.env,
        "files": _files(job, folder.resolve()),
    }
    text = msgspec.json.encode(parts, order="deterministic")
    return hashlib.sha256(text).hexdigest()[:FINGERPRINT_CHARS]


def _plain(item: str | InputTable) -> tuple[str, str]:
    return (item, "materialize") if isinstance(item, str) else (item.ref, item.type)


def _files(job: JobTable, folder: Path) -> dict[str, str]:
    """Return the digest of each file, by where the file itself is within the folder."""
    found = {_inside(path, folder) for path in _candidates(job, folder)}
    return {path.relative_to(folder).as_posix(): _digest(path) for path in found if path is not None}


def _candidates(job: JobTable, folder: Path) -> Iterator[Path]:
    for word in (*(job.command or ()), *(job.configure or ())):
        yield folder / word
    if job.python is not None:
        module = folder.joinpath(*job.python.partition(":")[0].split("."))
        yield module.with_suffix(".py")
        yield module / "__init__.py"
    for glob in job.sources:
        yield from (path for path in folder.glob(glob) if not _is_by_product(path.relative_to(folder)))


def _is_by_product(path: Path) -> bool:
    """Say whether a path that a glob found is hidden or a cache: such files change without a change of the code."""
    return any(part.startswith(".") or part == "__pycache__" for part in path.parts)


def _inside(path: Path, folder: Path) -> Path | None:
    try:
        real = path.resolve(strict=True)
    except (OSError, RuntimeError, ValueError):  # no such file, a loop of links, or a word that is no path at all
        return None
    return real if real.is_file() and real.is_relative_to(folder) else None


def _digest(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
