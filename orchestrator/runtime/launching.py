"""From an activation record to something that can be started.

Who starts it makes its files and the parents of its outputs. Its environment holds what the configuration declares and
a few keys of ours, nothing else of the daemon's.

Source: design section 7 (the job contract).
"""

import os
import sys
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from pathlib import Path

import msgspec

from orchestrator.catalog import Catalog, Job
from orchestrator.executors.base import Call, Command, InlineStart, KeptStart
from orchestrator.executors.keeper.files import OUTPUT_KEY
from orchestrator.report import REPORT_BYTES_MAX
from orchestrator.runtime.inline import InlineJobs
from orchestrator.runtime.layout import Layout
from orchestrator.runtime.places import place_of
from orchestrator.runtime.secrets import Secrets
from orchestrator.runtime.told import InputTold, OutputTold, Told, refs_of
from orchestrator.store import PartitionStore
from statemachines.ids import SECOND_US, InstanceId
from statemachines.jobrun import Launching
from statemachines.partition import Building, Live, Tainted
from statemachines.world import World


class Launcher:
    """Makes starts of JobRuns that are Launching."""

    def __init__(self, layout: Layout, store: PartitionStore, environ: Mapping[str, str], inline: InlineJobs) -> None:
        self._layout = layout
        self._store = store
        self._environ = environ
        self._inline = inline
        self._path = os.pathsep.join((str(Path(sys.executable).parent), environ.get("PATH", os.defpath)))
        self.secrets = Secrets(environ)

    def told(self, world: World, run: Launching) -> Told:
        """What the job is told. Reads the world only."""
        spec, activation = run.spec, run.activation
        outputs = tuple(OutputTold(out.ref, str(self._store.location(out.ref, out.instance))) for out in spec.outputs)
        deadline = None if activation.timeout_us is None else _iso(run.since + activation.timeout_us)
        args = refs_of(run) if activation.args is None else activation.args
        return Told(
            run=spec.id,
            attempt=_attempt(world, run),
            job=spec.job,
            environment=spec.environment,
            version=activation.version,
            deadline=deadline,
            args=args,
            outputs=outputs,
            inputs=tuple(self._input(world, instance) for instance in activation.inputs),
        )

    def start_inline(self, catalog: Catalog, run: Launching, tell: Callable[[], Told]) -> InlineStart:
        """The start of an inline JobRun, which is told what it asks for."""
        return InlineStart(run=run.spec.id, function=self._inline.call(catalog.jobs[run.spec.job], run, tell))

    def start_kept(self, catalog: Catalog, run: Launching, told: Told) -> KeptStart:
        """The start of a JobRun that a keeper runs. Touches no file."""
        job = catalog.jobs[run.spec.job]
        return KeptStart(
            run=run.spec.id,
            work=_work(catalog, job, run, told),
            pool=job.pool,
            pool_size=catalog.pools.get(job.pool, 1),
            slots=job.slots,
            cwd=str(catalog.folder),
            env={**self.environment(catalog, job, dict(run.activation.env)), **_output_key(told.outputs)},
            files=self._layout.run_files(run.spec.id).place,
            folders=tuple(dict.fromkeys(os.path.dirname(output.location) for output in told.outputs)),  # noqa: PTH120
            context=msgspec.json.encode(told).decode(),
            report_bytes_max=REPORT_BYTES_MAX,
            log_bytes_max=int(catalog.limits.log_bytes),
            timeout_s=_seconds(run.activation.timeout_us),
            grace_s=catalog.limits.grace / SECOND_US,
            limits=job.resources.limits(),
        )

    def with_secrets(self, job: Job, start: KeptStart) -> KeptStart:
        """The same start with what must not be seen. Reads files. Raises BadSecret."""
        secrets = self.secrets.read(job)
        mask = self.secrets.mask(job)
        return msgspec.structs.replace(start, secrets=secrets, masked=mask.values) if mask else start

    def environment(self, catalog: Catalog, job: Job, told_by_config: Mapping[str, str]) -> dict[str, str]:
        """Every key a job of this kind gets, apart from those about one JobRun."""
        ours = {"PATH": self._path, "LANG": "C.UTF-8", "WANTD_APPLICATION": catalog.name}
        passed = {key: self._environ[key] for key in job.pass_env if key in self._environ}
        return {**ours, **passed, **job.env, **told_by_config}

    def _input(self, world: World, instance_id: InstanceId) -> InputTold:
        instance = world.partitions[instance_id]
        live = instance.was if isinstance(instance, Tainted) else instance
        assert isinstance(live, Live), "an input was Live when the JobRun was launched"
        return InputTold(instance.spec.ref, place_of(self._store, world, instance), live.content.digest)


def _output_key(outputs: tuple[OutputTold, ...]) -> dict[str, str]:
    """Where to make it, for a job that makes one thing."""
    return {OUTPUT_KEY: outputs[0].location} if len(outputs) == 1 else {}


def _work(catalog: Catalog, job: Job, run: Launching, told: Told) -> Command | Call:
    if job.command is not None:
        return Command((*job.command, *told.args))
    assert job.python is not None, "a job has a command or a function"
    return Call(catalog.python, job.python, run.activation.fingerprint)


def _attempt(world: World, run: Launching) -> int:
    """Which try this is, counted along the chain of its first output, lost ones included."""
    instance = world.partitions[run.spec.outputs[0].instance]
    return instance.attempt.tries + instance.attempt.lost if isinstance(instance, Building) else 1


def _iso(at_us: int) -> str:
    return datetime.fromtimestamp(at_us / SECOND_US, UTC).isoformat()


def _seconds(duration_us: int | None) -> float | None:
    return None if duration_us is None else duration_us / SECOND_US
