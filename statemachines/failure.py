"""How what was tried went wrong: said of a JobRun, and of the instances it was to make.

Source: design section 7.
"""

from typing import Literal

import msgspec

FailureClass = Literal[
    "exit_code",
    "signal",
    "timeout",
    "lost",
    "bad_report",
    "missing_output",
    "repeated_miss",
    "could_not_start",
]
"""How a JobRun fails by itself."""


class Failure(msgspec.Struct, frozen=True, gc=False, tag=True, tag_field="after"):
    """What went wrong, by class, and in words that name the thing."""

    kind: FailureClass | Literal["canceled"]
    reason: str
