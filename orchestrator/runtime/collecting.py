"""What a JobRun left behind: its report, and what lies where its outputs should be.

Runs in a thread: outputs are read whole to seal them. A report or an output that cannot be read is a finding about
the job, never a crash.
"""

from contextlib import suppress
from pathlib import Path

import msgspec

from orchestrator.executors.keeper.masking import Mask
from orchestrator.observations import Exit, Found, JobEnded, Nothing
from orchestrator.report import BadReport, Report, parse_report
from orchestrator.runtime.inline import InlineJobs
from orchestrator.store import Absent, BadOutput, PartitionStore, Sealed
from statemachines.jobrun import Output, RunSpec
from statemachines.partition import Content
from statemachines.refs import Ref


class Collector:
    """Brings in what ended JobRuns left."""

    def __init__(self, store: PartitionStore, inline: InlineJobs) -> None:
        self._store = store
        self._inline = inline

    def collect(self, spec: RunSpec, exit_: Exit, mask: Mask) -> JobEnded:
        """Check the report and seal the outputs of one JobRun that has ended; nothing of it holds what is masked."""
        report = self._inline.report(spec.id, mask)
        found = {output.ref: _masked(self._found(output), mask) for output in spec.outputs}
        return JobEnded(spec.id, _told(exit_, mask), _report(exit_) if report is None else report, found)

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

    def _location(self, output: Output) -> Path:
        return self._store.location(output.ref, output.instance)

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


def _report(exit_: Exit) -> Report | BadReport:
    return BadReport(0, "", exit_.unreadable) if exit_.unreadable else parse_report(exit_.said)


def _told(exit_: Exit, mask: Mask) -> Exit:
    return msgspec.structs.replace(exit_, message=mask.text(exit_.message)) if mask and exit_.message else exit_


def _masked(found: Found, mask: Mask) -> Found:
    """A reason may name a file, and a job may have named it after anything."""
    return Nothing(mask.text(found.reason)) if isinstance(found, Nothing) else found
