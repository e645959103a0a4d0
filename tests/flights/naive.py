"""A build of the flights example without the engine: the contract alone, one run after the other.

It reads the example's own wantd.toml, gives each job a context, takes its report, seals what it left. There is no log,
no retry and no parallelism, and a failure is an assertion.
"""

import importlib
import json
import os
import subprocess
import sys
from collections import defaultdict
from collections.abc import Iterable
from pathlib import Path
from typing import NamedTuple

from orchestrator.catalog import Catalog, Job, build_catalog
from orchestrator.config import load_config
from orchestrator.report import Report, parse_report
from orchestrator.store import DiskStore, Sealed
from statemachines.refs import Ref
from wantd import Context, Missing

HOUSE = Path(__file__).parents[2]
FLIGHTS = HOUSE / "examples" / "flights"


class Instance(NamedTuple):
    """A built partition."""

    location: Path
    digest: str


class NaiveBuild:
    """What is built so far, and the runs that did it."""

    def __init__(self, folder: Path) -> None:
        config = load_config(FLIGHTS / "wantd.toml", cpus=2)
        self.catalog: Catalog = build_catalog(config, FLIGHTS, defaultdict(str))
        self.built: dict[Ref, Instance] = {}
        self.runs: list[tuple[str, tuple[Ref, ...]]] = []
        self._found: defaultdict[Ref, set[Ref]] = defaultdict(set)
        self._store = DiskStore(folder / "store")
        self._folder = folder

    def want(self, *refs: str) -> list[Path]:
        """Build refs and everything they need, unless it is built; say where they are."""
        wanted = [Ref(ref) for ref in refs if ref not in self.built]
        by_job: dict[str, list[Ref]] = {}
        for ref in wanted:
            by_job.setdefault(self._job(ref).name, []).append(ref)
        for name, group in by_job.items():
            self.want(*dict.fromkeys(need for ref in group for need in self._needs(ref)))
            size = self.catalog.job(name).batch_max
            for start in range(0, len(group), size):
                self._make(self.catalog.job(name), group[start : start + size])
        return [self.built[Ref(ref)].location for ref in refs]

    def replace(self, ref: str, content: bytes) -> None:
        """Put other bytes in the place of a built partition, and forget everything made from it."""
        location = self._location(Ref(ref))
        location.write_bytes(content)
        self._keep(Ref(ref), location)
        stale = {Ref(ref)}
        while grown := {made for made in self.built if stale.intersection(self._needs(made))} - stale:
            stale |= grown
        for made in stale - {ref}:
            del self.built[made]

    def _make(self, job: Job, refs: list[Ref]) -> None:
        """Run a job, build what it misses and run it again, until it misses nothing."""
        report = self._run(job, refs)
        while report.missing:
            found = {need for missed in report.missing for need in missed.refs}
            for ref in refs:
                assert not found.intersection(self._needs(ref)), "the job misses what it was given"
                self._found[ref] |= found
            self.want(*sorted(found))
            report = self._run(job, refs)
        assert not report.failed, report.failed
        for ref, location in zip(refs, self._locations, strict=True):
            self._keep(ref, location)

    def _run(self, job: Job, refs: list[Ref]) -> Report:
        self.runs.append((job.name, tuple(refs)))
        self._locations = [self._location(ref) for ref in refs]
        files = self._folder / f"{len(self.runs)}.context", self._folder / f"{len(self.runs)}.report"
        files[0].write_text(json.dumps(self._context(job, refs)))
        if job.python is None:
            self._run_process(job, refs, *files)
        else:
            run_function(job.python, *files)
        report = parse_report(files[1].read_bytes())
        assert isinstance(report, Report), report
        return report

    def _run_process(self, job: Job, refs: list[Ref], context: Path, report: Path) -> None:
        assert job.command is not None, "a job is a function or a command"
        interpreter = str(Path(sys.executable).parent)
        environ = {"PATH": f"{interpreter}:{os.environ['PATH']}", "PYTHONPATH": str(HOUSE), **job.env}
        environ |= {"WANTD_CONTEXT": str(context), "WANTD_REPORT": str(report)}
        subprocess.run([*job.command, *refs], cwd=FLIGHTS, env=environ, check=True)

    def _context(self, job: Job, refs: list[Ref]) -> dict[str, object]:
        inputs = [(need, self.built[need]) for need in dict.fromkeys(need for ref in refs for need in self._needs(ref))]
        return {
            "run": f"run-{len(self.runs)}",
            "attempt": 1,
            "job": job.name,
            "environment": "local",
            "version": "",
            "deadline": None,
            "args": [],
            "outputs": [{"ref": ref, "location": str(at)} for ref, at in zip(refs, self._locations, strict=True)],
            "inputs": [{"ref": ref, "location": str(made.location), "digest": made.digest} for ref, made in inputs],
        }

    def _needs(self, ref: Ref) -> Iterable[Ref]:
        return [*(given.ref for given in self.catalog.inputs(ref)), *sorted(self._found[ref])]

    def _job(self, ref: Ref) -> Job:
        maker = self.catalog.producer(ref)
        assert isinstance(maker, Job), f"no job makes {ref}"
        return maker

    def _location(self, ref: Ref) -> Path:
        """Give a place that nothing was written to yet."""
        place = self._store.location(ref, str(len(self.runs)))
        self._store.prepare([place])
        return place

    def _keep(self, ref: Ref, location: Path) -> None:
        sealed = self._store.seal(location)
        assert isinstance(sealed, Sealed), f"{ref}: {sealed}"
        self._store.publish("local", ref, location)
        self.built[ref] = Instance(location, sealed.digest)


def run_function(python: str, context: Path, report: Path) -> None:
    """Do what a warm worker does."""
    module, _, name = python.partition(":")
    if str(FLIGHTS) not in sys.path:
        sys.path.insert(0, str(FLIGHTS))
    try:
        getattr(importlib.import_module(module), name)(Context(context, report))
    except Missing:
        return
