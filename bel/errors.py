"""Everything the log can refuse, or find wrong.

One root, ``BelError``. Each class has a ``code`` that stays the same for ever (callers, the HTTP API and the
documentation name it), a ``seq`` where one is to blame, and a message that says what, where, and what to do next.
"""

from pathlib import Path
from typing import ClassVar


class BelError(Exception):
    """The root of what this package raises."""

    code: ClassVar[str]

    def __init__(self, message: str, *, seq: int | None = None) -> None:
        super().__init__(message)
        self.seq = seq


class EmptyBatch(BelError):
    """A batch without entries."""

    code = "empty_batch"

    def __init__(self) -> None:
        super().__init__("a batch needs at least one entry; do not append when nothing happened")


class BadBatch(BelError):
    """Entries that do not form a batch. Nothing was written."""

    code = "bad_batch"

    def __init__(self, seq: int, problem: str) -> None:
        super().__init__(f"entry {seq}: {problem}; nothing was written, this is a bug of the caller", seq=seq)


class HeadMoved(BelError):
    """The log does not end where the writer thinks. Nothing was written."""

    code = "head_moved"

    def __init__(self, first: int, head: int) -> None:
        super().__init__(
            f"the batch begins at {first}, but the log ends at {head}; nothing was written, read the log from there",
            seq=head,
        )


class EpochTooOld(BelError):
    """Somebody else may write now. Nothing was written."""

    code = "epoch_too_old"

    def __init__(self, epoch: int, newest: int) -> None:
        super().__init__(
            f"epoch {epoch} may not append, the newest is {newest}; nothing was written; another daemon took over: stop"
        )


class DuplicateEvent(BelError):
    """An event id that the log holds already. Nothing of the batch was written."""

    code = "duplicate_event"

    def __init__(self, event_id: str, seq: int) -> None:
        super().__init__(
            f"event id {event_id!r} is taken by entry {seq}; nothing was written, an earlier try may have succeeded",
            seq=seq,
        )


class Unencodable(BelError):
    """An event or a field that has no stored form. Nothing was written."""

    code = "unencodable"

    def __init__(self, seq: int, detail: str) -> None:
        super().__init__(f"entry {seq} cannot be stored: {detail}; nothing was written", seq=seq)


class LogFull(BelError):
    """No room for the batch. Nothing was written; the same entries may be tried again."""

    code = "log_full"

    def __init__(self, path: Path, detail: str) -> None:
        super().__init__(f"{path}: no room left ({detail}); nothing was written, free some space and try again")


class AppendUnknown(BelError):
    """An append whose outcome cannot be known. The process must end and read the log again."""

    code = "append_unknown"

    def __init__(self, detail: str) -> None:
        super().__init__(
            f"it is not known whether the last batch was written: {detail}; exit 74, and read the log at the next start"
        )


class LogClosed(BelError):
    """A log that was closed is used."""

    code = "log_closed"

    def __init__(self) -> None:
        super().__init__("the log is closed; open it again")


class CodecIncomplete(BelError):
    """A codec that could not read every version it claims to know."""

    code = "codec_incomplete"


class UnknownKind(BelError):
    """An event that this program does not know: it stops the reader."""

    code = "unknown_kind"

    def __init__(self, kind: str, version: int, seq: int | None = None) -> None:
        place = "" if seq is None else f"entry {seq}: "
        super().__init__(
            f"{place}event kind {kind!r} version {version} is not known here; use the newer program that wrote it",
            seq=seq,
        )
        self.kind = kind
        self.version = version


class Undecodable(BelError):
    """A payload that is not an event of its kind."""

    code = "undecodable"

    def __init__(self, kind: str, detail: str, seq: int | None = None) -> None:
        place = "" if seq is None else f"entry {seq}: "
        super().__init__(f"{place}the payload is not a {kind}: {detail}; run `wantd bel verify`", seq=seq)
        self.kind = kind
        self.detail = detail


class ChainBroken(BelError):
    """An entry that is not the one that was written, or not in its place."""

    code = "chain_broken"

    def __init__(self, seq: int, detail: str) -> None:
        super().__init__(f"entry {seq} is damaged: {detail}; append nothing more, run `wantd bel verify`", seq=seq)


class TailMissing(BelError):
    """The log ends before an entry that it is known to have held."""

    code = "tail_missing"

    def __init__(self, path: Path, seq: int, witness: str) -> None:
        super().__init__(
            f"{path}: entry {seq} is missing, or is not the one that {witness} remembers; the log was cut or replaced, "
            "append nothing more, run `wantd bel verify`",
            seq=seq,
        )


class LogDamaged(BelError):
    """The store cannot hand out what it holds."""

    code = "log_damaged"

    def __init__(self, path: Path, detail: str, seq: int | None = None) -> None:
        super().__init__(f"{path}: {detail}; append nothing more, run `wantd bel verify`", seq=seq)


class LogUnreadable(BelError):
    """A log that cannot be opened."""

    code = "log_unreadable"

    def __init__(self, path: Path, detail: str) -> None:
        super().__init__(f"{path} cannot be opened: {detail}; check that it exists, its permissions and the disk")


class NotALog(BelError):
    """A file that is something else."""

    code = "not_a_log"

    def __init__(self, path: Path) -> None:
        super().__init__(f"{path} is not a build event log; name another file, nothing was changed in this one")


class NewerLog(BelError):
    """A log whose schema is newer than this program."""

    code = "newer_log"

    def __init__(self, path: Path, found: int, known: int) -> None:
        super().__init__(f"{path} has schema version {found}, this program knows up to {known}; use the newer program")


class BadHeadFile(BelError):
    """A head file that cannot be read."""

    code = "bad_head_file"

    def __init__(self, path: Path, detail: str) -> None:
        super().__init__(
            f"{path} is not a head file: {detail}; run `wantd bel verify`, delete the file if the log is sound"
        )


class LogLocked(BelError):
    """Another process holds the state directory."""

    code = "log_locked"

    def __init__(self, path: Path, holder: str) -> None:
        super().__init__(f"{path} is held by {holder}; stop that process, or use its API")


class NoSuchSeq(BelError):
    """A place outside the log."""

    code = "no_such_seq"

    def __init__(self, seq: int, head: int) -> None:
        super().__init__(f"there is no entry {seq}: the log ends at {head}; name a seq from 0 to {head}", seq=seq)


class SnapshotRefused(BelError):
    """A snapshot of a moment that the log does not have."""

    code = "snapshot_refused"

    def __init__(self, seq: int, problem: str) -> None:
        super().__init__(f"no snapshot at {seq}: {problem}; take it at the end of a batch", seq=seq)


class LogNotEmpty(BelError):
    """An import into a log that has entries."""

    code = "log_not_empty"

    def __init__(self, head: int) -> None:
        super().__init__(f"the log already holds {head} entries; import into a new file", seq=head)


class BadExport(BelError):
    """A line that is not part of a sound export."""

    code = "bad_export"

    def __init__(self, line: int, problem: str) -> None:
        super().__init__(f"line {line}: {problem}; export the log again, and throw away what was imported")
        self.line = line
