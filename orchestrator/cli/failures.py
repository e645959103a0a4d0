"""Errors become one message and one exit code.

Every error that can be expected says what is wrong, where, and what to do next. Anything else is a bug of ours: exit
70, and the traceback goes to a file, not to the person. Source: design section 10 (exit codes).
"""

import errno
import os
import sys
from enum import IntEnum
from pathlib import Path


class Exit(IntEnum):
    """What the exit code says."""

    DONE = 0
    NO = 1
    USAGE = 2
    BAD_DATA = 65
    NOTHING_THERE = 66
    UNREACHABLE = 69
    BUG = 70
    BROKEN_IO = 74
    TRY_LATER = 75
    NOT_ALLOWED = 77
    BAD_CONFIG = 78
    TIMED_OUT = 124
    INTERRUPTED = 130
    TERMINATED = 143


class CliError(Exception):
    """An expected end: what is wrong and where, what to do next, and the exit code."""

    def __init__(self, code: Exit, why: str, hint: str = "") -> None:
        super().__init__(why)
        self.code = code
        self.why = why
        self.hint = hint


_HINTS = {"log_locked": "wait until it ends, or stop it; commands work side by side only while `wantd serve` runs"}
"""What to do, where the command line knows better than the log."""
_OF_THE_SYSTEM = {
    errno.EACCES: (Exit.NOT_ALLOWED, "check who owns it and its permissions"),
    errno.EPERM: (Exit.NOT_ALLOWED, "check who owns it and its permissions"),
    errno.EROFS: (Exit.NOT_ALLOWED, "the file system is read-only: choose another folder"),
    errno.ENOENT: (Exit.NOTHING_THERE, "check the path"),
    errno.ENOSPC: (Exit.BROKEN_IO, "free some space and try again"),
    errno.EDQUOT: (Exit.BROKEN_IO, "the quota is used up: free some space and try again"),
    errno.EMFILE: (Exit.TRY_LATER, "too many files are open: raise `ulimit -n`"),
}


def explain(error: Exception) -> CliError | None:
    """Turn an expected error into what a person is told; None for one that nobody expected."""
    from bel.errors import BelError
    from orchestrator.api.door import DoorError
    from orchestrator.catalog import CatalogError
    from orchestrator.config import ConfigError
    from orchestrator.errors import EXIT_CODES, is_code
    from orchestrator.executors.base import ExecutorError, StaleEpoch
    from statemachines.edges import IllegalTransition
    from statemachines.refs import BadRef

    if isinstance(error, CliError):
        return error
    match error:
        case DoorError():
            return CliError(Exit(error.exit_code), *((error.why, error.hint) if error.hint else _halves(error.why)))
        case ConfigError():
            return CliError(Exit.BAD_CONFIG, str(error).removesuffix(f"; {error.hint}"), error.hint)
        case CatalogError():
            return CliError(Exit.NOTHING_THERE, error.why, error.hint)
        case BadRef():
            return CliError(Exit.BAD_DATA, *_halves(str(error)))
        case BelError():
            why, hint = _halves(str(error))
            assert is_code(error.code), f"the log has a new kind of error, {error.code}"
            return CliError(Exit(EXIT_CODES[error.code]), why, _HINTS.get(error.code, hint))
        case ExecutorError():
            code = Exit.TRY_LATER if isinstance(error, StaleEpoch) else Exit.BROKEN_IO
            return CliError(code, *_halves(str(error)))
        case IllegalTransition():
            return CliError(Exit.NO, f"the log cannot be replayed: {error}", "run: wantd bel verify")
        case OSError():
            return _of_the_system(error)
        case _:
            return None


def write_crash(error: BaseException, state: Path | None) -> Path | None:
    """Write the traceback of a bug to a file and say where; None where even that is impossible."""
    import tempfile
    import traceback
    from datetime import UTC, datetime

    stamp = datetime.now(UTC).strftime("%Y%m%dT%H%M%SZ")
    told = f"wantd {' '.join(sys.argv[1:])!r}\nPython {sys.version}\n\n{''.join(traceback.format_exception(error))}"
    for folder in (state, Path(tempfile.gettempdir())):
        if folder is not None and folder.is_dir():
            path = folder / f"crash-{stamp}-{os.getpid()}.txt"
            try:
                path.touch(mode=0o600, exist_ok=False)  # in a folder of everybody it may be somebody's trap
                path.write_text(told, encoding="utf-8", errors="backslashreplace")
            except OSError:
                continue
            return path
    return None


def _of_the_system(error: OSError) -> CliError:
    code, hint = _OF_THE_SYSTEM.get(error.errno or 0, (Exit.BROKEN_IO, "run: wantd doctor"))
    place = f"{error.filename}: " if error.filename else ""
    return CliError(code, f"{place}{error.strerror or error}", hint)


def _halves(message: str) -> tuple[str, str]:
    """Part a message at its last semicolon: what is wrong, and what to do."""
    why, _, hint = message.rpartition("; ")
    return (why, hint) if why else (hint, "")
