"""From what the engine, the catalog and the log refuse to the one error of doors, and its HTTP status.

Exit codes are those of design section 10: 1 the answer is no, 2 usage, 65 bad data, 66 no such thing, 69 no daemon,
70 a bug, 74 input and output, 75 try later, 77 not allowed.
"""

from bel.errors import BelError
from orchestrator.api.door import DoorError
from orchestrator.catalog import CatalogError, NobodyMakes
from orchestrator.commands import Refused
from statemachines.refs import BadRef, Ref, parse_ref

_EXIT_CODES = {
    "not_now": 1,
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
    "no_job_makes": 66,
    "no_such_environment": 66,
    "no_such_want": 66,
    "no_such_partition": 66,
    "no_such_jobrun": 66,
    "no_such_page": 66,
    "no_log_text": 66,
    "no_daemon": 69,
    "log_closed": 69,
    "no_answer": 69,
    "internal": 70,
    "log_unreadable": 74,
    "socket_failed": 74,
    "socket_taken": 74,
    "log_full": 75,
    "log_locked": 75,
    "busy": 75,
    "chain_broken": 1,
    "tail_missing": 1,
    "log_damaged": 1,
}

_STATUSES = {1: 409, 2: 400, 65: 422, 66: 404, 69: 503, 70: 500, 74: 500, 75: 503, 77: 403}

_OTHER_STATUSES = {"idempotency_conflict": 409, "too_large": 413, "no_such_method": 405}


def refusal(code: str, why: str, hint: str = "") -> DoorError:
    """The error with this stable code."""
    return DoorError(code, why, hint, _EXIT_CODES.get(code, 70))


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
    return refusal(error.code, str(error))


def status_of(error: DoorError) -> int:
    """The HTTP status of an error."""
    return _OTHER_STATUSES.get(error.code) or _STATUSES.get(error.exit_code, 500)


def checked_ref(text: str) -> Ref:
    """Take a text from outside as a ref. Raises DoorError."""
    try:
        return parse_ref(text)
    except BadRef as error:
        raise of_catalog(error) from None
