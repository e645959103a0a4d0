"""What may be asked of the daemon: commands, as values.

A command is a wish of somebody outside. ``orchestrator.decide`` turns it into events or refuses it with a reason.
"""

import msgspec

from orchestrator.errors import ErrorCode
from statemachines.ids import LOCAL, RunId, Timestamp, WantId
from statemachines.partition import Scalar
from statemachines.refs import Ref
from statemachines.want import Source


class Command(
    msgspec.Struct, frozen=True, tag_field="command", tag=True, forbid_unknown_fields=True, omit_defaults=True
):
    """``actor`` is who asks, as the gate (the CLI or the API) found out."""

    actor: str


class CreateWant(Command, frozen=True):
    """These partitions should exist. Texts may be refs, ranges, alternatives or globs. Durations are microseconds."""

    refs: tuple[str, ...]
    environment: str = LOCAL
    source: Source = "cli"
    priority: int = 0
    ttl_us: int | None = None
    sla_us: int | None = None
    data_timestamp: Timestamp | None = None
    idempotency_key: str | None = None
    comment: str = ""
    as_of: int | None = None
    """The entry after which whoever wishes looked: refused where anything has happened since."""


class OnOne(Command, frozen=True, kw_only=True):
    """A command on one entity. With ``expected_seq``: only if nothing happened to it since that entry."""

    expected_seq: int | None = None


class CancelWant(OnOne, frozen=True):
    """Take a wish back."""

    want: WantId
    reason: str = ""


class PauseWant(OnOne, frozen=True):
    """Let a want demand nothing until it is resumed."""

    want: WantId
    reason: str = ""


class ResumeWant(OnOne, frozen=True):
    """Let a paused want go on."""

    want: WantId


class RetryWant(OnOne, frozen=True):
    """Let a failed want try again."""

    want: WantId


class TaintPartitions(Command, frozen=True):
    """The canonical instances of these refs must not be used; with ``downstream`` nor anything made from them."""

    refs: tuple[Ref, ...]
    reason: str
    downstream: bool = False
    environment: str = LOCAL


class ReportPartition(Command, frozen=True):
    """Data from outside is there. Without a digest each report counts as a change."""

    ref: Ref
    digest: str | None = None
    location: str = ""
    metadata: tuple[tuple[str, Scalar], ...] = ()
    environment: str = LOCAL


class CancelRun(OnOne, frozen=True):
    """Stop this JobRun; what it was building fails."""

    run: RunId
    reason: str = ""


AnyCommand = (
    CreateWant | CancelWant | PauseWant | ResumeWant | RetryWant | TaintPartitions | ReportPartition | CancelRun
)


class Accepted(msgspec.Struct, frozen=True):
    """The answer to a command that was taken: the entity it is about, and the seq as of which it holds."""

    entity: str
    seq: int


class Refused(msgspec.Struct, frozen=True):
    """The answer to a command that was not taken: a stable code, why, and what to do."""

    code: ErrorCode
    why: str
    hint: str = ""


Answer = Accepted | Refused
