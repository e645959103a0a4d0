"""What a daemon may ask of a keeper: JSON lines over a unix socket, taken apart and checked here, once.

Requests: ``hello``, ``start``, ``stop``, ``settled``, each with the epoch of who asks. Answers are built where they are
known. ``PROTOCOL`` grows when either side could misunderstand the other.
"""

import base64
import json
from typing import NamedTuple

from orchestrator.executors.keeper.files import RunFiles
from orchestrator.executors.keeper.shapes import items, number, table, text, texts, whole

PROTOCOL = 4
LINE_BYTES_MAX = 64 << 20


class Command(NamedTuple):
    """Work that is a process of its own."""

    argv: list[str]


class Call(NamedTuple):
    """Work that is a function call in a warm worker."""

    python: str
    function: str
    fingerprint: str


class Pool(NamedTuple):
    """Slots, of which each run that is being worked on holds some."""

    name: str
    size: int


class Request(NamedTuple):
    """A run to start, once so many slots of its pool are free.

    ``folders`` have to be there when it begins; ``context`` is what its job is told. ``limits`` are by the names in
    ``launch.LIMITS``. ``secrets`` are handed over as files, by key; ``masked`` are the values that no log, no report
    and no message may hold.
    """

    run: str
    work: Command | Call
    pool: Pool
    slots: int
    cwd: str
    env: dict[str, str]
    files: RunFiles
    folders: list[str]
    context: str
    report_bytes_max: int
    log_bytes_max: int
    timeout_s: float | None
    grace_s: float
    limits: dict[str, int]
    secrets: dict[str, bytes]
    masked: tuple[bytes, ...]

    def __repr__(self) -> str:
        """Name the run: what else is in here may be secret."""
        return f"Request({self.run!r})"


class Hello(NamedTuple):
    """Who connects wants to know how things stand, and all that happens from now on."""

    epoch: int


class Start(NamedTuple):
    """Start these runs."""

    epoch: int
    requests: list[Request]


class Stop(NamedTuple):
    """End these runs."""

    epoch: int
    runs: list[str]


class Settled(NamedTuple):
    """Forget these runs."""

    epoch: int
    runs: list[str]


Message = Hello | Start | Stop | Settled


class BadMessage(Exception):
    """A line that no daemon of ours sends."""


def parse_message(line: bytes) -> Message:
    """Take a line apart. Raises BadMessage."""
    try:
        fields = table(json.loads(line))
        return _message(fields)
    except TypeError as error:
        # Neither the line nor the value is quoted: it may be a secret.
        raise BadMessage(f"a request of {len(line)} bytes holds a value of a wrong type") from error
    except (ValueError, KeyError, OverflowError, RecursionError) as error:
        raise BadMessage(f"a request of {len(line)} bytes cannot be used: {error!r}") from error


def _message(fields: dict[str, object]) -> Message:
    epoch = whole(fields["epoch"])
    match fields["do"]:
        case "hello":
            if fields["protocol"] != PROTOCOL:
                raise ValueError(f"protocol {fields['protocol']!r}, this keeper speaks {PROTOCOL}")
            return Hello(epoch)
        case "start":
            return Start(epoch, [_request(table(run)) for run in items(fields["runs"])])
        case "stop":
            return Stop(epoch, texts(fields["runs"]))
        case "settled":
            return Settled(epoch, texts(fields["runs"]))
        case unknown:
            raise ValueError(f"no such request: {unknown!r}")


def _request(fields: dict[str, object]) -> Request:
    timeout_s = fields["timeout_s"]
    return Request(
        run=text(fields["run"]),
        work=_work(table(fields["work"])),
        pool=Pool(text(fields["pool"]), whole(fields["pool_size"])),
        slots=whole(fields["slots"]),
        cwd=text(fields["cwd"]),
        env={text(key): text(value) for key, value in table(fields["env"]).items()},
        files=RunFiles(text(fields["files"])),
        folders=texts(fields["folders"]),
        context=text(fields["context"]),
        report_bytes_max=whole(fields["report_bytes_max"]),
        log_bytes_max=whole(fields["log_bytes_max"]),
        timeout_s=None if timeout_s is None else number(timeout_s),
        grace_s=number(fields["grace_s"]),
        limits={text(key): whole(value) for key, value in table(fields.get("limits", {})).items()},
        secrets={text(key): _bytes(value) for key, value in table(fields.get("secrets", {})).items()},
        masked=tuple(_bytes(value) for value in items(fields.get("masked", []))),
    )


def _bytes(value: object) -> bytes:
    return base64.b64decode(text(value), validate=True)


def _work(fields: dict[str, object]) -> Command | Call:
    match fields["how"]:
        case "process":
            return Command(texts(fields["argv"]))
        case "worker":
            return Call(
                python=text(fields["python"]),
                function=text(fields["function"]),
                fingerprint=text(fields["fingerprint"]),
            )
        case unknown:
            raise ValueError(f"no such way to run: {unknown!r}")
