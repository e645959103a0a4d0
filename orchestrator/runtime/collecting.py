"""What a JobRun left behind: its report, what lies where its outputs should be, and the folder it was given.

Runs in a thread: outputs are read whole to seal them. A report or an output that cannot be read is a finding about
the job, never a crash.
"""

import os
from contextlib import suppress
from pathlib import Path

import msgspec

from orchestrator.executors.keeper.masking import Mask
from orchestrator.observations import Exit, Found, JobEnded, Nothing
from orchestrator.report import BadReport, Report
from orchestrator.runtime.inline import InlineJobs
from orchestrator.runtime.layout import CONTEXT, LOG, REPORT, Layout
from orchestrator.runtime.reports import read_report
from orchestrator.store import Absent, BadOutput, PartitionStore, Sealed
from statemachines.ids import RunId
from statemachines.jobrun import Output, RunSpec
from statemachines.partition import Content
from statemachines.refs import Ref


class Collector:
    """Brings in what ended JobRuns left."""

    def __init__(self, layout: Layout, store: PartitionStore, inline: InlineJobs) -> None:
        self._layout = layout
        self._store = store
        self._inline = inline

    def collect(self, spec: RunSpec, exit_: Exit, mask: Mask) -> JobEnded:
        """Read the report and seal the outputs of one JobRun that has ended; nothing of it holds what is masked."""
        report = self._inline.report(spec.id, mask)
        found = {output.ref: _masked(self._found(output), mask) for output in spec.outputs}
        return JobEnded(spec.id, _told(exit_, mask), self._report(spec, mask) if report is None else report, found)

    def collect_said(self, spec: RunSpec, exit_: Exit, mask: Mask) -> JobEnded | None:
        """The end of an inline JobRun that only said something; None where there may be something to read."""
        if not self._inline.left_no_file(spec.id):
            return None
        nothing: dict[Ref, Found] = {output.ref: Nothing("an inline job left nothing there") for output in spec.outputs}
        return JobEnded(spec.id, _told(exit_, mask), self._inline.report(spec.id, mask) or Report(), nothing)

    def discard(self, outputs: list[Output]) -> None:
        """Remove what lies at the places of outputs that did not become Live. What the disk will not let go stays."""
        for output in outputs:
            with suppress(OSError):
                self._store.remove(self._location(output))

    def give_back(self, runs: list[RunId]) -> None:
        """Remove the folders of JobRuns, but for logs in which something is. What the disk will not let go stays."""
        for run in runs:
            with suppress(OSError):
                _empty_out(str(self._layout.run(run)))

    def _location(self, output: Output) -> Path:
        return self._store.location(output.ref, output.instance)

    def _report(self, spec: RunSpec, mask: Mask) -> Report | BadReport:
        try:
            return read_report(self._layout.run_report(spec.id), mask)
        except OSError as error:
            return BadReport(0, "", f"it cannot be read: {error}")

    def _found(self, output: Output) -> Found:
        location = self._location(output)
        try:
            sealed = self._store.seal(location)
        except OSError as error:
            return Nothing(f"what lies at {location} cannot be read: {error}")
        match sealed:
            case Sealed(digest=digest, size_bytes=size, files=files):
                return Content(digest, size, files)
            case BadOutput(reason=reason):
                return Nothing(reason)
            case Absent():
                return Nothing(f"the job made nothing at {location}")


def _told(exit_: Exit, mask: Mask) -> Exit:
    return msgspec.structs.replace(exit_, message=mask.text(exit_.message)) if mask and exit_.message else exit_


def _masked(found: Found, mask: Mask) -> Found:
    """A reason may name a file, and a job may have named it after anything."""
    return Nothing(mask.text(found.reason)) if isinstance(found, Nothing) else found


def _empty_out(folder: str) -> None:
    for name in (CONTEXT, REPORT):
        with suppress(FileNotFoundError):
            os.unlink(f"{folder}/{name}")  # noqa: PTH108 - for every JobRun: a Path would double the cost
    with suppress(FileNotFoundError):
        if os.lstat(f"{folder}/{LOG}").st_size:
            return
        os.unlink(f"{folder}/{LOG}")  # noqa: PTH108
    os.rmdir(folder)  # noqa: PTH106
