"""What a job says about its run: the lines of ``$WANTD_REPORT``, checked and put in order.

A report is hostile input: it is bounded (16 MiB, 100,000 lines, 1 MiB a line), every ref in it has passed parse_ref,
unknown keys and wrong types are refused, and so are two lines that contradict each other. The first line that is
wrong makes the whole report a BadReport which quotes it.

It does not know which outputs a run was asked for, and it judges no run: whether a failure of the process weighs more
than a bad line is decided elsewhere.

Source: design section 7.
"""

from collections.abc import Iterator
from typing import Annotated, Literal

import msgspec

from statemachines.refs import BadRef, Ref, parse_ref

REPORT_BYTES_MAX = 16 << 20
LINE_BYTES_MAX = 1 << 20
LINES_MAX = 100_000
METADATA_BYTES_MAX = 16 << 10
REASON_CHARS_MAX = 4_096
_QUOTED_CHARS = 200

_Number = Annotated[int, msgspec.Meta(ge=-(2**63), le=2**63 - 1)]
_Scalar = str | _Number | float | bool | None
Metadata = dict[str, _Scalar | list[_Scalar] | dict[str, _Scalar]]
"""Facts about an output: flat, or one level deep, so that no reader can be made to recurse."""

_Name = Annotated[str, msgspec.Meta(pattern=r"^[A-Za-z_][A-Za-z0-9_.]*\Z", max_length=100)]
_Digest = Annotated[str, msgspec.Meta(pattern=r"^[A-Za-z0-9:_+/=-]+\Z", max_length=200)]
_Fraction = Annotated[float, msgspec.Meta(ge=0, le=1)]
_Label = Annotated[str, msgspec.Meta(max_length=200)]
_Labels = Annotated[dict[_Name, _Label], msgspec.Meta(max_length=20)]
_Refs = Annotated[list[str], msgspec.Meta(min_length=1)]


class Missing(msgspec.Struct, frozen=True):
    """Refs that the run needs and was not given; ``wanted_by`` are the outputs concerned, none named = all of them."""

    refs: tuple[Ref, ...]
    wanted_by: tuple[Ref, ...]


class Made(msgspec.Struct, frozen=True):
    """An output reported complete, with the job's own digest and facts, if it gave any."""

    digest: str | None
    metadata: Metadata


class Metric(msgspec.Struct, frozen=True):
    """A number measured by the job."""

    name: str
    value: float
    labels: dict[str, str]


class LogLine(msgspec.Struct, frozen=True):
    """A line for people."""

    level: str
    text: str


class Report(msgspec.Struct, frozen=True):
    """Everything a run has said so far. ``read`` is None when it did not say what it read."""

    missing: tuple[Missing, ...] = ()
    read: frozenset[Ref] | None = None
    outputs: dict[Ref, Made] = {}
    failed: dict[Ref, str] = {}
    metrics: tuple[Metric, ...] = ()
    progress: float | None = None
    logs: tuple[LogLine, ...] = ()


class BadReport(msgspec.Struct, frozen=True):
    """A report that cannot be used: the number of the first wrong line (0 = the report as a whole), and why."""

    line: int
    quoted: str
    why: str

    @property
    def message(self) -> str:
        """What is wrong, where, and what the job has to change, in one line."""
        place = f"line {self.line} of the report, {self.quoted}" if self.line else "the report"
        return f'{place}: {self.why}; a line is one JSON object such as {{"output": "a/b"}}'


class _Said(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One line, typed. Each kind is known by the first key below it."""


class _SaidMissing(_Said, frozen=True, forbid_unknown_fields=True, rename={"wanted_by": "for"}):
    missing: _Refs
    wanted_by: list[str] = []


class _SaidRead(_Said, frozen=True, forbid_unknown_fields=True):
    read: list[str]


class _SaidOutput(_Said, frozen=True, forbid_unknown_fields=True):
    output: str
    digest: _Digest | None = None
    metadata: Metadata = {}


class _SaidFailed(_Said, frozen=True, forbid_unknown_fields=True):
    failed: str
    reason: str


class _SaidMetric(_Said, frozen=True, forbid_unknown_fields=True):
    metric: _Name
    value: float
    labels: _Labels = {}


class _SaidProgress(_Said, frozen=True, forbid_unknown_fields=True):
    progress: _Fraction


class _SaidLog(_Said, frozen=True, forbid_unknown_fields=True):
    log: str
    level: Literal["debug", "info", "warning", "error"] = "info"


_KINDS: dict[str, type[_Said]] = {
    "missing": _SaidMissing,
    "read": _SaidRead,
    "output": _SaidOutput,
    "failed": _SaidFailed,
    "metric": _SaidMetric,
    "progress": _SaidProgress,
    "log": _SaidLog,
}


class _Refused(ValueError):
    """Why a line cannot be used."""


def parse_report(data: bytes | str) -> Report | BadReport:
    """Check a report and put it in order."""
    text = data.encode("utf-8", "surrogatepass") if isinstance(data, str) else data
    if len(text) > REPORT_BYTES_MAX:
        return BadReport(0, "", f"it is larger than {REPORT_BYTES_MAX} bytes, the most a run may report")
    gathered = _Gathered()
    for number, line in enumerate(_lines(text), start=1):
        try:
            if number > LINES_MAX:
                raise _Refused(f"it has more than {LINES_MAX} lines, the most a run may report")
            if line and not line.isspace():
                gathered.add(_understood(line))
        except _Refused as refused:
            cut_off = number > text.count(b"\n")
            return BadReport(number, _quoted(line), f"{refused}{' (the last line is cut off)' if cut_off else ''}")
    return gathered.report()


def _lines(text: bytes) -> Iterator[bytes]:
    start = 0
    while start < len(text):
        end = text.find(b"\n", start)
        end = len(text) if end < 0 else end
        yield text[start:end]
        start = end + 1


def _understood(line: bytes) -> _Said:
    if len(line) > LINE_BYTES_MAX:
        raise _Refused(f"it has {len(line)} bytes, at most {LINE_BYTES_MAX} are allowed")
    try:
        kind = _kind(msgspec.json.decode(line, type=dict[str, msgspec.Raw]))
        return msgspec.json.decode(line, type=_KINDS[kind])
    except (msgspec.MsgspecError, UnicodeDecodeError) as error:
        raise _Refused(str(error)) from None
    except RecursionError:
        raise _Refused("it is nested too deeply") from None


def _kind(fields: dict[str, msgspec.Raw]) -> str:
    kinds = [key for key in fields if key in _KINDS]
    if len(kinds) == 1:
        return kinds[0]
    known = ", ".join(_KINDS)
    raise _Refused(f"it says {' and '.join(kinds)} at once" if kinds else f"it has none of the keys {known}")


def _quoted(line: bytes) -> str:
    shown = line[: _QUOTED_CHARS + 1].decode("utf-8", "backslashreplace")
    return repr(shown if len(shown) <= _QUOTED_CHARS else shown[:_QUOTED_CHARS] + "...")


class _Gathered:
    """A report while its lines are read."""

    def __init__(self) -> None:
        self._missing: list[Missing] = []
        self._read: set[Ref] | None = None
        self._outputs: dict[Ref, Made] = {}
        self._failed: dict[Ref, str] = {}
        self._metrics: list[Metric] = []
        self._progress: float | None = None
        self._logs: list[LogLine] = []

    def add(self, said: _Said) -> None:
        match said:
            case _SaidMissing(missing=refs, wanted_by=wanted_by):
                self._missing.append(Missing(_refs(refs), _refs(wanted_by)))
            case _SaidRead(read=refs):
                self._read = self._read or set()
                self._read.update(_refs(refs))
            case _SaidOutput(output=ref, digest=digest, metadata=metadata):
                self._made(_ref(ref), Made(digest, _bounded(metadata)))
            case _SaidFailed(failed=ref, reason=reason):
                self._not_made(_ref(ref), reason[:REASON_CHARS_MAX])
            case _SaidMetric(metric=name, value=value, labels=labels):
                self._metrics.append(Metric(name, value, labels))
            case _SaidProgress(progress=fraction):
                self._progress = fraction
            case _SaidLog(log=text, level=level):
                self._logs.append(LogLine(level, text))
            case _:
                raise AssertionError(f"a kind of line that nobody gathers: {said!r}")

    def _made(self, ref: Ref, made: Made) -> None:
        if ref in self._failed:
            raise _Refused(f"{ref} was reported as failed before")
        if self._outputs.setdefault(ref, made) != made:
            raise _Refused(f"{ref} was reported with another digest or other metadata before")

    def _not_made(self, ref: Ref, reason: str) -> None:
        if ref in self._outputs:
            raise _Refused(f"{ref} was reported as complete before")
        self._failed.setdefault(ref, reason)

    def report(self) -> Report:
        return Report(
            missing=tuple(self._missing),
            read=None if self._read is None else frozenset(self._read),
            outputs=self._outputs,
            failed=self._failed,
            metrics=tuple(self._metrics),
            progress=self._progress,
            logs=tuple(self._logs),
        )


def _refs(texts: list[str]) -> tuple[Ref, ...]:
    return tuple(_ref(text) for text in texts)


def _ref(text: str) -> Ref:
    try:
        return parse_ref(text)
    except BadRef as bad:
        raise _Refused(str(bad)) from None


def _bounded(metadata: Metadata) -> Metadata:
    size = len(msgspec.json.encode(metadata))
    if size > METADATA_BYTES_MAX:
        raise _Refused(f"its metadata has {size} bytes, at most {METADATA_BYTES_MAX} are allowed")
    return metadata
