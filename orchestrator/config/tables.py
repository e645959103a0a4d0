"""The keys of ``wantd.toml``, one struct a table.

What is here is what a user may write, with its defaults. ``docs/configuration.md`` explains every key; a test holds it
to that. Keys that need more than a type are checked in ``rules``.
"""

from typing import Literal, get_args

from msgspec import Struct

from orchestrator.config.units import Duration, Size
from statemachines.failure import FailureClass

FAILURE_CLASSES: tuple[FailureClass, ...] = get_args(FailureClass)

DEFAULT_POOL = "default"


class Application(Struct, frozen=True, forbid_unknown_fields=True):
    """``[application]``: the graph of jobs as a whole."""

    name: str
    state: str = ".wantd"
    python: str = "python"


class RetryTable(Struct, frozen=True, forbid_unknown_fields=True):
    """``[retry]`` and a job's ``retry``: tries by failure class, and the waits between.

    None means: not said in this table.
    """

    tries: int | None = None
    exit_code: int | None = None
    signal: int | None = None
    timeout: int | None = None
    lost: int | None = None
    bad_report: int | None = None
    missing_output: int | None = None
    repeated_miss: int | None = None
    could_not_start: int | None = None
    backoff: Duration | None = None
    factor: float | None = None
    max_backoff: Duration | None = None


class Limits(Struct, frozen=True, forbid_unknown_fields=True):
    """``[limits]``: what bounds the work."""

    log_bytes: Size = Size(10_000_000)
    refs_per_want: int = 100_000
    grace: Duration = Duration(10_000_000)
    max_batch_events: int = 10_000


class ApiTable(Struct, frozen=True, forbid_unknown_fields=True):
    """``[api]``: the listener for other machines and browsers, beside the socket. None: there is none."""

    listen: str | None = None
    hosts: tuple[str, ...] = ()
    certificate: str | None = None
    key: str | None = None
    behind_proxy: bool = False


class InputTable(Struct, frozen=True, forbid_unknown_fields=True):
    """An input written as a table."""

    ref: str
    type: Literal["materialize", "query"] = "materialize"


class Batch(Struct, frozen=True, forbid_unknown_fields=True):
    """A job's ``batch``: how many refs one JobRun takes, and how long the first of them waits for others."""

    max: int
    wait: Duration = Duration(0)


class ResourcesTable(Struct, frozen=True, forbid_unknown_fields=True):
    """A job's ``resources``: what each of its processes may take at most. None means: not said."""

    memory: Size | None = None
    cpu: Duration | None = None
    open_files: int | None = None
    processes: int | None = None
    file_size: Size | None = None


class SecretTable(Struct, frozen=True, forbid_unknown_fields=True):
    """Where one of a job's ``secrets`` comes from: a file, or a variable of the daemon's environment."""

    file: str | None = None
    env: str | None = None


class JobTable(Struct, frozen=True, forbid_unknown_fields=True):
    """``[[job]]``."""

    name: str
    outputs: tuple[str, ...]
    inputs: tuple[str | InputTable, ...] = ()
    command: tuple[str, ...] | None = None
    python: str | None = None
    executor: Literal["worker", "inline"] | None = None
    configure: tuple[str, ...] | None = None
    dynamic: bool = False
    batch: Batch | None = None
    pool: str = DEFAULT_POOL
    slots: int = 1
    priority: int = 0
    retry: RetryTable = RetryTable()
    timeout: Duration | None = None
    env: dict[str, str] = {}
    pass_env: tuple[str, ...] = ()
    secrets: dict[str, SecretTable] = {}
    resources: ResourcesTable = ResourcesTable()
    sources: tuple[str, ...] = ()
    on_code_change: Literal["keep", "invalidate"] = "keep"
    description: str = ""


class ExternalTable(Struct, frozen=True, forbid_unknown_fields=True):
    """``[[external]]``: data that comes from outside."""

    name: str
    outputs: tuple[str, ...]
    description: str = ""


WantOutcome = Literal["Successful", "Failed", "UpstreamFailed", "Late", "Paused", "Canceled", "Expired", "Superseded"]
"""What may become of a want that others are told of. Late is no state, but told of like one."""


class WebhookTable(Struct, frozen=True, forbid_unknown_fields=True):
    """``[[outward.webhook]]``: who is told what becomes of wants. ``secret`` is the file of the key."""

    name: str
    url: str
    states: tuple[WantOutcome, ...] = ("Failed", "UpstreamFailed")
    secret: str | None = None
    timeout: Duration = Duration(10_000_000)
    allow_http: bool = False


class OpenlineageTable(Struct, frozen=True, forbid_unknown_fields=True):
    """``[outward.openlineage]``: who is told of JobRuns and what they read and made. ``file = "-"`` is the console."""

    url: str | None = None
    file: str | None = None
    token: str | None = None
    namespace: str | None = None
    timeout: Duration = Duration(10_000_000)
    allow_http: bool = False


class OpentelemetryTable(Struct, frozen=True, forbid_unknown_fields=True):
    """``[outward.opentelemetry]``: who is sent a trace of each want."""

    url: str
    token: str | None = None
    timeout: Duration = Duration(10_000_000)
    allow_http: bool = False


class OutwardTable(Struct, frozen=True, forbid_unknown_fields=True):
    """``[outward]``: whom a daemon tells what happens."""

    webhook: tuple[WebhookTable, ...] = ()
    openlineage: OpenlineageTable | None = None
    opentelemetry: OpentelemetryTable | None = None

    @property
    def services(self) -> dict[str, OpenlineageTable | OpentelemetryTable]:
        """Those of which there is one at most, by name."""
        found = {"openlineage": self.openlineage, "opentelemetry": self.opentelemetry}
        return {name: table for name, table in found.items() if table is not None}

    @property
    def names(self) -> tuple[str, ...]:
        """The names of all who are told something."""
        return (*(webhook.name for webhook in self.webhook), *self.services)


class Tables(Struct, frozen=True, forbid_unknown_fields=True):
    """The whole file."""

    application: Application
    pools: dict[str, int] = {}
    retry: RetryTable = RetryTable()
    limits: Limits = Limits()
    api: ApiTable = ApiTable()
    job: tuple[JobTable, ...] = ()
    external: tuple[ExternalTable, ...] = ()
    outward: OutwardTable = OutwardTable()
