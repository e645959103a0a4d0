"""Write a job in Python: where to write, where to read, and what to tell the daemon.

One file, standard library only, so that it can be copied into a project that does not install ``wantd``.
A job is a function of a Context. The same function runs as a process and in a warm worker::

    from wantd import Context, job

    @job
    def build(ctx: Context) -> None:
        for ref, location in ctx.outputs:
            location.write_text("...")
            ctx.done(ref)

    if __name__ == "__main__":
        build.main()

Invariants: a line of the report is appended with one write, so lines of several processes never mix; nothing is
read or written beyond the context, the report and what the job itself opens.

It does not judge what a job reports (the daemon does), and it makes no output complete: a job that ends with exit
code 0 and leaves its outputs in place has succeeded without reporting anything.

Source: design section 7.
"""

from __future__ import annotations

import functools
import json
import os
import sys
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from pathlib import Path
from typing import NamedTuple, NoReturn, TypedDict

CONTEXT_KEY = "WANTD_CONTEXT"
REPORT_KEY = "WANTD_REPORT"
LINE_BYTES_MAX = 1 << 20
_REFS_A_LINE = 500


class Output(NamedTuple):
    """A partition to make: create a file or a folder at ``location``, which does not exist yet; its parent does."""

    ref: str
    location: Path


class Input(NamedTuple):
    """A partition to read: a file or a folder that never changes."""

    ref: str
    location: Path
    digest: str | None


class Missing(SystemExit):
    """The run needs data that it was not given and has said so: it ends here and is run again once the data is there.

    A SystemExit with code 0, so that a process ends cleanly and ``except Exception`` in a job does not swallow it.
    """

    def __init__(self, refs: Sequence[str]) -> None:
        super().__init__(0)
        self.refs = tuple(refs)


class BadContext(ValueError):
    """The context file is not what the daemon writes. The message names the file."""


class Context:
    """What one run of a job is told, and how it reports."""

    run: str
    attempt: int
    job: str
    environment: str
    version: str
    deadline: datetime | None
    args: tuple[str, ...]
    inputs: tuple[Input, ...]

    def __init__(self, context_path: str | os.PathLike[str], report_path: str | os.PathLike[str]) -> None:
        told = _read_context(context_path)
        self._report_path = os.fspath(report_path)
        self.run = told["run"]
        self.attempt = told["attempt"]
        self.job = told["job"]
        self.environment = told["environment"]
        self.version = told["version"]
        self.deadline = None if told["deadline"] is None else datetime.fromisoformat(told["deadline"])
        self.args = tuple(told["args"])
        self._outputs = tuple(Output(made["ref"], Path(made["location"])) for made in told["outputs"])
        self.inputs = tuple(Input(given["ref"], Path(given["location"]), given["digest"]) for given in told["inputs"])
        self._input_at = {given.ref: given.location for given in self.inputs}

    @property
    def outputs(self) -> tuple[Output, ...]:
        """What to make, and where."""
        return self._outputs

    def output(self, ref: str) -> Path:
        """Say where to write a ref. Raises KeyError for a ref that this run was not asked for."""
        for made in self.outputs:
            if made.ref == ref:
                return made.location
        asked = ", ".join(made.ref for made in self.outputs)
        raise KeyError(f"{ref} is not an output of this run, which was asked for {asked}")

    def input(self, ref: str) -> Path:
        """Say where to read a ref; when it was not provided, report it as missing and end the run."""
        return self.need(ref)[0]

    def need(self, *refs: str) -> list[Path]:
        """Say where to read several refs; when any was not provided, report all that are missing and end the run.

        Ask for everything that is known to be needed in one call: each call that misses costs one more run.
        """
        absent = [ref for ref in refs if ref not in self._input_at]
        if absent:
            self.missing(*absent)
            raise Missing(absent)
        return [self._input_at[ref] for ref in refs]

    def missing(self, *refs: str, wanted_by: Sequence[str] = ()) -> None:
        """Report refs as missing and go on: for a batch in which only the outputs ``wanted_by`` cannot be made."""
        concerned = {"for": list(wanted_by)} if wanted_by else {}
        for start in range(0, len(refs), _REFS_A_LINE):
            self._append({"missing": refs[start : start + _REFS_A_LINE], **concerned})

    def read(self, *refs: str) -> None:
        """Report which inputs were really read. A run that never reports this is taken to have read all of them."""
        for start in range(0, len(refs), _REFS_A_LINE):
            self._append({"read": refs[start : start + _REFS_A_LINE]})

    def done(self, ref: str, digest: str | None = None, metadata: Mapping[str, object] | None = None) -> None:
        """Report one output as complete, with a digest of its meaning where its bytes say less, and facts about it."""
        said: dict[str, object] = {"output": ref}
        if digest is not None:
            said["digest"] = digest
        if metadata is not None:
            said["metadata"] = dict(metadata)
        self._append(said)

    def failed(self, ref: str, reason: str) -> None:
        """Report that one output of a batch could not be made; the others go on."""
        self._append({"failed": ref, "reason": reason})

    def metric(self, name: str, value: float, **labels: str) -> None:
        """Report a number, such as rows written."""
        self._append({"metric": name, "value": value, **({"labels": labels} if labels else {})})

    def progress(self, fraction: float) -> None:
        """Report how much of the run is done, from 0 to 1."""
        self._append({"progress": min(1.0, max(0.0, fraction))})

    def log(self, text: str, level: str = "info") -> None:
        """Report a line for people. Levels: debug, info, warning, error."""
        self._append({"log": text, "level": level})

    def close(self) -> None:
        """End the run's say: what a thread that it left behind still reports goes nowhere."""
        self._report_path = os.devnull

    def _append(self, said: Mapping[str, object]) -> None:
        line = json.dumps(said, separators=(",", ":"), allow_nan=False).encode() + b"\n"
        if len(line) > LINE_BYTES_MAX:
            raise ValueError(f"a report line of {len(line)} bytes; at most {LINE_BYTES_MAX}: {line[:80]!r}...")
        handle = os.open(self._report_path, os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            written = os.write(handle, line)
        finally:
            os.close(handle)
        if written != len(line):
            raise OSError(f"only {written} of {len(line)} bytes of a report line were written to {self._report_path}")


class Job:
    """A function of a Context that can also be run as a process."""

    def __init__(self, function: Callable[[Context], None]) -> None:
        self._function = function
        functools.update_wrapper(self, function)

    def __call__(self, ctx: Context) -> None:
        """Run the function."""
        self._function(ctx)

    def main(self) -> None:
        """Run the function as this process was told to by ``$WANTD_CONTEXT`` and ``$WANTD_REPORT``."""
        self(Context(_told(CONTEXT_KEY), _told(REPORT_KEY)))


def job(function: Callable[[Context], None]) -> Job:
    """Make a job of a function that takes a Context."""
    return Job(function)


class _OutputTold(TypedDict):
    ref: str
    location: str


class _InputTold(TypedDict):
    ref: str
    location: str
    digest: str | None


class _Told(TypedDict):
    run: str
    attempt: int
    job: str
    environment: str
    version: str
    deadline: str | None
    args: list[str]
    outputs: list[_OutputTold]
    inputs: list[_InputTold]


def _read_context(path: str | os.PathLike[str]) -> _Told:
    hint = f"is ${CONTEXT_KEY} the path of a file that wantd wrote?"
    try:
        told: _Told = json.loads(Path(path).read_bytes())
        absent = sorted(_Told.__required_keys__ - dict(told).keys())
    except (ValueError, TypeError) as error:
        raise BadContext(f"{os.fspath(path)} is not a JSON object ({error}); {hint}") from None
    if absent:
        raise BadContext(f"{os.fspath(path)} lacks {', '.join(absent)}; {hint}")
    return told


def _told(key: str) -> str:
    return os.environ.get(key) or _refuse(key)


def _refuse(key: str) -> NoReturn:
    sys.stderr.write(f"${key} is not set: this is a job, started by wantd; try `wantd job exec` or `wantd build REF`\n")
    sys.exit(2)
