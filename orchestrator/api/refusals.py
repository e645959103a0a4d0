"""From what the engine, the catalog and the log refuse to the one error of doors, and its HTTP status."""

from bel.errors import BelError
from orchestrator.api.door import DoorError
from orchestrator.catalog import CatalogError, NobodyMakes
from orchestrator.commands import Refused
from orchestrator.errors import EXIT_CODES, ErrorCode, is_code
from statemachines.refs import BadRef, Ref, parse_ref

_STATUSES = {1: 409, 2: 400, 65: 422, 66: 404, 69: 503, 70: 500, 74: 500, 75: 503, 77: 403, 78: 500}
"""The status of an error by its exit code."""

_OTHER_STATUSES: dict[ErrorCode, int] = {
    "idempotency_conflict": 409,
    "too_large": 413,
    "no_such_method": 405,
    "wrong_media_type": 415,
    "not_authenticated": 401,
    "wrong_host": 421,
    "changed_meanwhile": 412,
    # The log cannot be read: that is nothing which whoever asks has done.
    "newer_log": 500,
    "not_a_log": 500,
    "undecodable": 500,
    "unknown_kind": 500,
}


def refusal(code: ErrorCode, why: str, hint: str = "") -> DoorError:
    """The error with this stable code."""
    return DoorError(code, why, hint, EXIT_CODES[code])


def refused(answer: Refused) -> DoorError:
    """A command that was not taken."""
    return refusal(answer.code, answer.why, answer.hint)


def of_catalog(error: CatalogError | BadRef) -> DoorError:
    """A text that stands for no refs."""
    if isinstance(error, BadRef):
        return refusal("bad_ref", str(error))
    return refusal("no_job_makes" if isinstance(error, NobodyMakes) else "bad_ref", error.why, error.hint)


def of_log(error: BelError) -> DoorError:
    """A log that cannot be read."""
    assert is_code(error.code), f"the log has a new kind of error, {error.code}"
    return refusal(error.code, str(error))


def status_of(code: ErrorCode) -> int:
    """The HTTP status of an error."""
    return _OTHER_STATUSES.get(code) or _STATUSES[EXIT_CODES[code]]


def checked_ref(text: str) -> Ref:
    """Take a text from outside as a ref. Raises DoorError."""
    try:
        return parse_ref(text)
    except BadRef as error:
        raise of_catalog(error) from None
