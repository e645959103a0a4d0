"""ETag and If-Match: a command that is given about what somebody has seen, and about nothing newer.

The tag of a want or a JobRun is the seq of the newest entry about it. The engine compares it in the turn that takes
the command, so nothing can happen in between. A partition is told by many entries: its tag is weak, and for looking.

Source: design section 10 (HTTP).
"""

import re
from typing import Annotated

from orchestrator.api.refusals import refusal
from orchestrator.api.table import Header
from orchestrator.views.shapes import JobRunDetail, JobRunView, PartitionDetail, WantDetail, WantView

FORM = r'^(\*|"?[0-9]{1,18}"?)$'
"""With quotes, as a tag is written, or without, as a ``seq`` is."""

IfMatch = Annotated[str | None, Header("If-Match", "The ETag of what was seen: refused if it has changed since.", FORM)]

TAGGED = (WantDetail, WantView, JobRunDetail, JobRunView, PartitionDetail)
"""What has a tag."""


def headers_of(answer: object) -> dict[str, str]:
    """The headers that tell the tag of an answer."""
    match answer:
        case WantDetail(want=WantView(seq=seq)) | JobRunDetail(run=JobRunView(seq=seq)):
            return {"ETag": f'"{seq}"'}
        case WantView(seq=seq) | JobRunView(seq=seq):
            return {"ETag": f'"{seq}"'}
        case PartitionDetail(instances=instances):
            return {"ETag": f'W/"{max(instance.seq for instance in instances)}"'}
        case _:
            return {}


def expected(if_match: str | None) -> int | None:
    """The seq that a command is about; None for whichever there is. Raises DoorError."""
    if if_match is None or if_match == "*":
        return None
    if not re.fullmatch(FORM, if_match):
        raise refusal("bad_request", f"If-Match is {if_match[:40]!r}", "send the ETag that you got")
    return int(if_match.strip('"'))
