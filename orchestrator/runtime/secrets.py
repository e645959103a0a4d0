"""The secrets of jobs: read where the configuration says when a JobRun is launched, and masked in what it leaves.

Masked are the values of declared ``secrets``, and of keys in ``pass_env`` that are named like one. A value that was
once handed out stays masked for the life of this daemon, also after its file has another. What a job encodes in a way
of its own is not found; as JSON, in a URL and line by line it is.

A declared secret of fewer than four characters is refused: to mask it would leave holes everywhere. A passed key that
is named like a secret and is that short is taken for something else.
"""

import json
import os
import re
import stat
from collections.abc import Iterable, Iterator, Mapping
from contextlib import suppress
from pathlib import Path
from threading import Lock
from urllib.parse import quote_from_bytes

from orchestrator.catalog import Job
from orchestrator.executors.keeper.masking import NO_MASK, Mask

SECRET_BYTES_MAX = 64 << 10
SECRET_BYTES_MIN = 4
LINE_BYTES_MIN = 8
_LIKE_A_SECRET = re.compile(
    "((PASSWORD|PASSWD|PASSPHRASE|SECRET|TOKEN|APIKEY|CREDENTIAL)|(^|_)(PASS|KEY)|_PWD)S?[0-9]*(_|$)", re.IGNORECASE
)


class BadSecret(ValueError):
    """A declared secret cannot be handed out. The message says which, why and what to do, never what it is."""


def is_like_a_secret(name: str) -> bool:
    """Tell if a variable is named like one whose value is secret."""
    return _LIKE_A_SECRET.search(name) is not None


def may_hide(job: Job) -> bool:
    """Tell if a job may be given something that must not be seen."""
    return bool(job.pass_env or job.secrets)


class Secrets:
    """The secrets of all jobs. Used by several threads."""

    def __init__(self, environ: Mapping[str, str]) -> None:
        self._environ = environ
        self._masks: dict[str, Mask] = {}
        self._seen: dict[str, frozenset[bytes]] = {}
        self._lock = Lock()

    def read(self, job: Job) -> dict[str, bytes]:
        """Read the declared secrets of a job. Raises BadSecret."""
        found = {name: self._value(job, name) for name in job.secrets}
        self._note(job, frozenset(found.values()))
        return found

    def mask(self, job: Job) -> Mask:
        """What hides the secrets of a job: those it has now, and those it had before."""
        if not may_hide(job):
            return NO_MASK
        with suppress(BadSecret):  # it was not handed out, or is gone since: what was seen of it counts
            self.read(job)
        self._note(job, self._passed(job))
        return self._masks[job.name]

    def _note(self, job: Job, values: frozenset[bytes]) -> None:
        with self._lock:
            seen = self._seen.get(job.name, frozenset())
            if job.name not in self._masks or not values <= seen:
                self._seen[job.name] = values | seen
                self._masks[job.name] = Mask(_shapes(values | seen))

    def _passed(self, job: Job) -> frozenset[bytes]:
        named = (self._environ.get(name, "") for name in job.pass_env if is_like_a_secret(name))
        return frozenset(value for value in map(os.fsencode, named) if len(value) >= SECRET_BYTES_MIN)

    def _value(self, job: Job, name: str) -> bytes:
        source = job.secrets[name]
        what = f"the secret {name} of job {job.name}"
        if source.file is not None:
            value = read_secret(Path(source.file), what)
        else:
            variable = source.env or ""
            if variable not in self._environ:
                raise BadSecret(f"{what}: ${variable} is not set where the daemon runs; set it, then start it anew")
            value = os.fsencode(self._environ[variable])
        if len(value.strip()) < SECRET_BYTES_MIN:
            raise BadSecret(f"{what} has fewer than {SECRET_BYTES_MIN} characters, too few to mask; make it longer")
        return value


def read_secret(path: Path, what: str) -> bytes:
    """The content of a file with a secret; ``what`` it is, for messages. Raises BadSecret."""
    try:
        handle = os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK)
    except OSError as error:
        raise BadSecret(f"{what}: {path} cannot be read: {error.strerror}; correct it or its permissions") from error
    with os.fdopen(handle, "rb") as file:
        if not stat.S_ISREG(os.fstat(handle).st_mode):
            raise BadSecret(f"{what}: {path} is not a file; name one")
        value = file.read(SECRET_BYTES_MAX + 1)
    if len(value) > SECRET_BYTES_MAX:
        raise BadSecret(f"{what}: {path} has more than {SECRET_BYTES_MAX} bytes; is it the right one?")
    return value


def _shapes(values: Iterable[bytes]) -> Iterator[bytes]:
    """Every shape in which a value is looked for: as it is, its longer lines, and both in JSON and in a URL."""
    for value in values:
        whole = value.strip()
        lines = [line.strip() for line in whole.splitlines()]
        for part in (whole, *(line for line in lines if len(line) >= LINE_BYTES_MIN)):
            text = part.decode(errors="surrogateescape")
            yield part
            yield os.fsencode(json.dumps(text)[1:-1])
            yield os.fsencode(json.dumps(text, ensure_ascii=False)[1:-1])
            yield quote_from_bytes(part, safe="").encode()
            yield quote_from_bytes(part, safe="/").encode()
