"""Which tone a state has: six tones are enough to see at a glance what is well, and each state is also written out."""

import re
from collections.abc import Mapping
from typing import Literal

from orchestrator.views.codes import Code

Tone = Literal["good", "busy", "wait", "bad", "warn", "past"]

_STATES: Mapping[Tone, tuple[str, ...]] = {
    "good": ("Successful", "Live", "Succeeded", "done"),
    "busy": ("Building", "Running", "Launching", "Canceling", "building"),
    "wait": (
        *("Idle", "UpstreamBuilding", "UpForRetry", "Buffering", "Queued", "DepMiss"),
        *("waiting", "ready", "backoff"),
    ),
    "bad": ("Failed", "UpstreamFailed", "Lost", "failed", "upfailed"),
    "warn": ("Paused", "Expired", "Tainted"),
    "past": ("Canceled", "Superseded", "Replaced", "Collected", "Absent", "Configured", "External", "not_done"),
}

TONES: Mapping[str, Tone] = {state: tone for tone, states in _STATES.items() for state in states}
"""The tone of each state of each entity, and of each case of a wanted ref."""

_CODES: Mapping[Tone, tuple[Code, ...]] = {
    "good": (Code.BUILT, Code.ADOPTED, Code.REPORTED),
    "busy": (Code.RUNNING, Code.LAUNCHING, Code.CANCELING),
    "wait": (
        *(Code.QUEUED, Code.POOL_FULL, Code.BATCH_OPEN, Code.CONFIGURING, Code.READY, Code.BACKOFF),
        *(Code.WAITING, Code.MISSED, Code.EXTERNAL_AWAITED, Code.NOT_BUILT_FOR_ASKING),
    ),
    "bad": (Code.FAILED, Code.UPSTREAM_FAILED, Code.CYCLE, Code.BAD_INPUTS, Code.NO_JOB_MAKES),
    "warn": (Code.TAINTED, Code.STALE, Code.INPUT_CHANGED, Code.CODE_CHANGED, Code.WANT_PAUSED),
}
_REASONS: Mapping[Code, Tone] = {code: tone for tone, codes in _CODES.items() for code in codes}


def tone_of_reason(code: Code) -> Tone:
    """The tone of a reason; of those that only tell how something came about, that of the past."""
    return _REASONS.get(code, "past")


def tone_of_entry(kind: str) -> Tone:
    """The tone of an entry: that of the state that it enters, by which it is named."""
    return TONES.get(re.sub("^(Want|Partition|JobRun)", "", kind), "past")
