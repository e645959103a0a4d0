"""``wantd job exec``: one job by hand, under the contract, without the log.

The job is told, started, kept and collected by the same parts as in the engine; only everything lies in a scratch
folder, and nothing of it counts. Inputs are what readers get at the moment. Source: design section 7; seed 003.
"""

from __future__ import annotations

import asyncio
import os
import shutil
import sys
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING

from orchestrator.api.door import DoorError
from orchestrator.catalog import External
from orchestrator.cli.failures import CliError, Exit
from orchestrator.cli.jobs import ask_job, expand
from orchestrator.cli.speech import safe, talk
from orchestrator.cli.tables import print_table
from orchestrator.executors.base import Fact, RunEnded, StartRun, StopRun
from orchestrator.executors.local import LocalExecutor
from orchestrator.observations import ConfiguredRun, JobEnded
from orchestrator.report import BadReport, Report
from orchestrator.runtime.collecting import Collector
from orchestrator.runtime.inline import InlineJobs
from orchestrator.runtime.launching import Launcher
from orchestrator.runtime.layout import Layout
from orchestrator.runtime.secrets import BadSecret
from orchestrator.runtime.told import InputTold, OutputTold, Told
from orchestrator.store import DiskStore
from statemachines.ids import LOCAL, InstanceId, RunId, Timestamp, WantId
from statemachines.jobrun import Activation, Launching, Output, RunSpec
from statemachines.partition import Content

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from orchestrator.api.door import Door
    from orchestrator.api.ports import Application
    from orchestrator.catalog import Job
    from orchestrator.cli.session import Session
    from statemachines.refs import Ref

LOOK_S = 0.1
LINGER_S = 2.0
PIECE_BYTES = 1 << 20
_INSTANCE = InstanceId("trial")


def try_job(session: Session, name: str, texts: tuple[str, ...], *, keep: bool) -> bool:
    """Run a job for some refs and show what came of it. Says whether all of it is as it should be."""
    application = session.application()
    job, refs = application.catalog.job(name), expand(application, texts)
    _refuse_strangers(application, job, refs)
    scratch = Path(tempfile.mkdtemp(prefix="wantd-job-"))
    try:
        good = [
            asyncio.run(_Trial(application, job, scratch / str(number)).run(session, config))
            for number, config in enumerate(_configs(application, job, refs), start=1)
        ]
    finally:
        if keep:
            talk(f"everything is kept in {scratch}")
        else:
            shutil.rmtree(scratch, ignore_errors=True)
    return all(good)


def launcher_in(layout: Layout, environ: Mapping[str, str], folder: Path) -> Launcher:
    """Make a launcher whose files lie in a state directory."""
    store = DiskStore(layout.store)
    return Launcher(layout, store, environ, InlineJobs(folder, store.prepare))


def _refuse_strangers(application: Application, job: Job, refs: Sequence[Ref]) -> None:
    for ref in refs:
        maker = application.catalog.producer(ref)
        if maker is None or maker.name != job.name or isinstance(maker, External):
            who = f"{maker.name!r} does" if maker else "nobody does"
            raise CliError(Exit.NOTHING_THERE, f"job {job.name!r} does not make {ref}, {who}", "see: wantd job list")


def _configs(application: Application, job: Job, refs: tuple[Ref, ...]) -> Iterator[ConfiguredRun]:
    if job.configure is not None:
        yield from ask_job(application, job.name, refs)
        return
    for start in range(0, len(refs), job.batch_max):
        outputs = refs[start : start + job.batch_max]
        needs = dict.fromkeys(need.ref for ref in outputs for need in application.catalog.inputs(ref))
        yield ConfiguredRun(outputs, tuple((need, True) for need in needs))


class _Trial:
    """One run of a job in a scratch folder."""

    def __init__(self, application: Application, job: Job, scratch: Path) -> None:
        self._catalog = application.catalog
        self._job = job
        scratch.mkdir(mode=0o700)
        self._layout = Layout(scratch)
        self._store = DiskStore(self._layout.store)
        self._inline = InlineJobs(self._catalog.folder, self._store.prepare)
        self._launcher = Launcher(self._layout, self._store, os.environ, self._inline)

    async def run(self, session: Session, config: ConfiguredRun) -> bool:
        async with session.door() as door:
            inputs = await _inputs(door, config, self._job)
        run = self._launching(config)
        ended = await self._start_and_wait(run, self._told(run, inputs))
        _print_end(ended, {output.ref: output.location for output in self._told(run, inputs).outputs})
        return _is_good(ended)

    def _launching(self, config: ConfiguredRun) -> Launching:
        outputs = tuple(Output(ref, _INSTANCE) for ref in config.outputs)
        spec = RunSpec(RunId("trial"), self._job.name, LOCAL, WantId("none"), outputs)
        activation = Activation(
            version="trial",
            fingerprint=self._job.fingerprint,
            args=config.args,
            env=config.env,
            timeout_us=self._job.timeout_us,
        )
        return Launching(spec, Timestamp(time.time_ns() // 1000), activation)

    def _told(self, run: Launching, inputs: tuple[InputTold, ...]) -> Told:
        outputs = tuple(OutputTold(out.ref, str(self._store.location(out.ref, _INSTANCE))) for out in run.spec.outputs)
        args = run.activation.args if run.activation.args is not None else tuple(out.ref for out in outputs)
        return Told(run.spec.id, 1, self._job.name, LOCAL, "trial", None, args, outputs, inputs)

    async def _start_and_wait(self, run: Launching, told: Told) -> JobEnded:
        executor = LocalExecutor(self._layout.keepers, 1, linger_s=LINGER_S)
        ended: asyncio.Future[RunEnded] = asyncio.get_running_loop().create_future()

        def see(facts: Sequence[Fact]) -> None:
            for fact in facts:
                if isinstance(fact, RunEnded) and not ended.done():
                    ended.set_result(fact)

        await executor.open(see)
        try:
            executor.start([self._start(run, told)])
            await _show_log(Path(self._layout.run_files(run.spec.id).log), ended)
        except asyncio.CancelledError:
            executor.stop([StopRun(run.spec.id)])
            await ended
            raise
        finally:
            await executor.close()
        collector = Collector(self._store, self._inline)
        return collector.collect(run.spec, ended.result().exit, self._launcher.secrets.mask(self._job))

    def _start(self, run: Launching, told: Told) -> StartRun:
        if self._job.executor == "inline":
            return self._launcher.start_inline(self._catalog, run, lambda: told)
        start = self._launcher.start_kept(self._catalog, run, told)
        try:
            return self._launcher.with_secrets(self._job, start)
        except BadSecret as error:
            raise CliError(Exit.BAD_CONFIG, str(error), "see secrets in docs/configuration.md") from error


async def _inputs(door: Door, config: ConfiguredRun, job: Job) -> tuple[InputTold, ...]:
    """What readers get of everything the run needs, and of what a dynamic job has missed before."""
    found = [await _input(door, ref, is_needed=True) for ref, _ in config.inputs]
    if job.dynamic:
        known = [await door.lookup(ref) for ref in config.outputs]
        others = dict.fromkeys(need.ref for lookup in known for need in lookup.inputs if need.done)
        found += [await _input(door, ref, is_needed=False) for ref in others]
    return tuple({told.ref: told for told in found if told is not None}.values())


async def _input(door: Door, ref: str, *, is_needed: bool) -> InputTold | None:
    try:
        canonical = (await door.partition(ref)).canonical
    except DoorError as error:
        if error.exit_code != Exit.NOTHING_THERE:
            raise
        canonical = None
    if canonical is not None and canonical.state == "Live" and canonical.content is not None:
        return InputTold(ref, canonical.location, canonical.content.digest)
    if is_needed:
        raise CliError(Exit.NO, f"the input {ref} is not there", f"build it first: wantd build {ref}")
    return None


async def _show_log(log: Path, ended: asyncio.Future[RunEnded]) -> None:
    """Show what the job prints while it runs, and to the end."""
    offset = 0
    while not ended.done():
        await asyncio.wait([ended], timeout=LOOK_S)
        offset = _pass_on(log, offset)


def _pass_on(log: Path, offset: int) -> int:
    """Show what a log holds beyond an offset, and say where it ends."""
    if not log.exists():
        return offset
    with log.open("rb") as file:
        file.seek(offset)
        while piece := file.read(PIECE_BYTES):
            offset += len(piece)
            sys.stderr.write(safe(piece.decode(errors="replace")))
    sys.stderr.flush()
    return offset


def _print_end(ended: JobEnded, locations: Mapping[Ref | str, str]) -> None:
    exit_ = ended.exit
    how = f"exit code {exit_.code}" if exit_.kind == "exit" else exit_.kind
    talk(f"{how}{f': {exit_.message}' if exit_.message else ''}")
    if isinstance(ended.report, BadReport):
        talk(ended.report.message)
    else:
        _print_report(ended.report)
    rows = [
        (ref, locations[ref], found.size_bytes, found.digest) if isinstance(found, Content) else (ref, found.reason)
        for ref, found in ended.found.items()
    ]
    print_table(("output", "where", "bytes", "digest"), rows)


def _print_report(report: Report) -> None:
    for missing in report.missing:
        talk(f"missing: {' '.join(missing.refs)}")
    if report.read is not None:
        talk(f"read: {' '.join(sorted(report.read)) or 'nothing'}")
    for ref, reason in report.failed.items():
        talk(f"failed: {ref}: {reason}")
    for metric in report.metrics:
        talk(f"metric: {metric.name} = {metric.value:g}")
    for line in report.logs:
        talk(f"{line.level}: {line.text}")


def _is_good(ended: JobEnded) -> bool:
    report = ended.report
    if isinstance(report, BadReport) or report.missing or report.failed:
        return False
    complete = all(isinstance(found, Content) for found in ended.found.values())
    return ended.exit.kind == "exit" and ended.exit.code == 0 and complete
