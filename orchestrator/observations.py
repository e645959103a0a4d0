"""What the outside world did: observations, as values.

An observation is a fact that somebody outside the core saw. It may come twice, late, or about something that is long
over; ``orchestrator.decide`` takes from it what is news.
"""

from collections.abc import Mapping
from typing import Literal

import msgspec

from orchestrator.report import BadReport, Report
from statemachines.ids import RunId
from statemachines.partition import Content
from statemachines.refs import Ref

ExitKind = Literal["exit", "signal", "timeout", "canceled", "could_not_start", "lost"]


class Exit(msgspec.Struct, frozen=True, kw_only=True):
    """How a run ended.

    ``exit``: by itself, with status ``code``. ``signal``: killed by signal ``code``, not by us. ``timeout``: ran too
    long and was ended. ``canceled``: was asked to stop and did not end with status 0. ``could_not_start``: nothing ran;
    ``message`` says why. ``lost``: it was claimed, and what kept it died; nothing of it runs any more.

    A run that was asked to stop and still ends with status 0 did all its work: it is an ``exit`` with
    ``stop_requested``. Times are wall-clock microseconds, 0 where unknown. For a worker ``max_rss_kb`` is the
    largest the worker ever was. ``said`` is the report it left, as it is; ``unreadable`` why that cannot be read.
    """

    kind: ExitKind
    code: int = 0
    message: str = ""
    stop_requested: bool = False
    started_at_us: int = 0
    ended_at_us: int = 0
    user_s: float = 0.0
    system_s: float = 0.0
    max_rss_kb: int = 0
    said: bytes = b""
    unreadable: str = ""


class Nothing(msgspec.Struct, frozen=True):
    """No usable output lies where it should be: why."""

    reason: str


Found = Content | Nothing
"""What lay at the place of an output after its JobRun had ended. ``Content`` is sealed and ready to be synced."""


class JobStarted(msgspec.Struct, frozen=True):
    """A JobRun was seen running."""

    run: RunId
    pid: int


class JobEnded(msgspec.Struct, frozen=True):
    """A JobRun ended: how, what it reported, and what lies where its outputs should be."""

    run: RunId
    exit: Exit
    report: Report | BadReport
    found: Mapping[Ref, Found]


class ConfiguredRun(msgspec.Struct, frozen=True):
    """One JobConfig of a job's answer: what is made together, from what, with what."""

    outputs: tuple[Ref, ...]
    inputs: tuple[tuple[Ref, bool], ...]
    """Each with whether it is built for the asking."""
    args: tuple[str, ...] | None = None
    env: tuple[tuple[str, str], ...] = ()


class JobConfigured(msgspec.Struct, frozen=True):
    """A job said how it makes the refs it was asked about."""

    job: str
    configs: tuple[ConfiguredRun, ...]


class JobNotConfigured(msgspec.Struct, frozen=True):
    """A job was asked how it makes these refs, and gave no usable answer."""

    job: str
    refs: tuple[Ref, ...]
    reason: str


AnyObservation = JobStarted | JobEnded | JobConfigured | JobNotConfigured
