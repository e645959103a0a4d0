"""The closed set of error codes, and the exit code that each ends a command with.

Every refusal of the product carries one of these codes, whoever makes it: a code that is not here does not type-check.
Codes are part of the interface: they are never renamed and never mean something else. ``docs/api.md`` says when each is
used. Imports nothing, so that a client starts fast.

Source: design section 10 (exit codes): 1 the answer is no, 2 usage, 65 bad data, 66 no such thing, 69 no daemon, 70 a
bug, 74 input and output, 75 try later, 77 not allowed, 78 bad configuration.
"""

from collections.abc import Mapping
from typing import Literal, TypeGuard

ErrorCode = Literal[
    # What was asked for makes no sense.
    "bad_request",
    "bad_ref",
    "bad_time",
    "bad_inputs",
    "cycle",
    "empty_want",
    "too_many_refs",
    "not_external",
    "idempotency_conflict",
    "too_large",
    # It makes sense, but not here or not now.
    "not_now",
    "stale_plan",
    "no_job_makes",
    "no_such_environment",
    "no_such_want",
    "no_such_partition",
    "no_such_jobrun",
    "no_such_page",
    "no_such_method",
    "no_log_text",
    "not_allowed",
    # The daemon cannot be reached, or cannot do it at the moment.
    "no_daemon",
    "no_answer",
    "busy",
    "socket_failed",
    "socket_taken",
    "internal",
    # The log.
    "append_unknown",
    "bad_batch",
    "bad_export",
    "bad_head_file",
    "chain_broken",
    "codec_incomplete",
    "duplicate_event",
    "empty_batch",
    "epoch_too_old",
    "head_moved",
    "log_closed",
    "log_damaged",
    "log_full",
    "log_locked",
    "log_not_empty",
    "log_unreadable",
    "newer_log",
    "no_such_seq",
    "not_a_log",
    "snapshot_refused",
    "tail_missing",
    "undecodable",
    "unencodable",
    "unknown_kind",
]

EXIT_CODES: Mapping[ErrorCode, int] = {
    "bad_request": 2,
    "bad_ref": 65,
    "bad_time": 65,
    "bad_inputs": 65,
    "cycle": 65,
    "empty_want": 65,
    "too_many_refs": 65,
    "not_external": 65,
    "idempotency_conflict": 65,
    "too_large": 65,
    "not_now": 1,
    "no_job_makes": 66,
    "no_such_environment": 66,
    "no_such_want": 66,
    "no_such_partition": 66,
    "no_such_jobrun": 66,
    "no_such_page": 66,
    "stale_plan": 1,
    "no_such_method": 70,
    "no_log_text": 66,
    "not_allowed": 77,
    "no_daemon": 69,
    "no_answer": 69,
    "busy": 75,
    "socket_failed": 74,
    "socket_taken": 74,
    "internal": 70,
    "append_unknown": 74,
    "bad_batch": 70,
    "bad_export": 65,
    "bad_head_file": 1,
    "chain_broken": 1,
    "codec_incomplete": 70,
    "duplicate_event": 70,
    "empty_batch": 70,
    "epoch_too_old": 75,
    "head_moved": 70,
    "log_closed": 69,
    "log_damaged": 1,
    "log_full": 75,
    "log_locked": 75,
    "log_not_empty": 1,
    "log_unreadable": 74,
    "newer_log": 65,
    "no_such_seq": 66,
    "not_a_log": 65,
    "snapshot_refused": 1,
    "tail_missing": 1,
    "undecodable": 65,
    "unencodable": 70,
    "unknown_kind": 65,
}


def is_code(text: str) -> TypeGuard[ErrorCode]:
    """Say whether a text from elsewhere is one of ours."""
    return text in EXIT_CODES
