"""Inline jobs: Python functions that are called in the daemon itself, told and heard without files.

They speak the same contract through the same Context; only what they are told and what they say are values in memory.
``wantd.job`` is the one file above this floor that is used here: it is a leaf without any import of ours.
"""

import importlib
import sys
from collections.abc import Callable, Iterable, Mapping
from datetime import datetime
from functools import partial
from pathlib import Path

import msgspec

from orchestrator.catalog import Job
from orchestrator.executors.keeper.masking import Mask
from orchestrator.report import BadReport, Report, parse_report
from orchestrator.runtime.told import Told, refs_of
from statemachines.jobrun import Launching
from wantd.job import Context, Input, Output


class InlineContext(Context):
    """A context whose report is kept in memory.

    It knows its run and its refs; the rest it is told when it asks for it, for many a job never does. The parents of
    its outputs are made then, too: who never asked where they are has written nothing.
    """

    def __init__(self, run: Launching, tell: Callable[[], Told], prepare: Callable[[Iterable[Path]], None]) -> None:
        self.run = run.spec.id
        self.args = refs_of(run) if run.activation.args is None else run.activation.args
        self.said: list[bytes] = []
        self.asked = False
        self._tell = tell
        self._prepare = prepare

    def __getattr__(self, name: str) -> object:
        if self.asked or name.startswith("__"):
            raise AttributeError(name)
        self._learn()
        return getattr(self, name)

    def _learn(self) -> None:
        self.asked = True
        told = self._tell()
        self.attempt = told.attempt
        self.job = told.job
        self.environment = told.environment
        self.version = told.version
        self.deadline = None if told.deadline is None else datetime.fromisoformat(told.deadline)
        self._outputs = tuple(Output(made.ref, Path(made.location)) for made in told.outputs)
        self.inputs = tuple(Input(given.ref, Path(given.location), given.digest) for given in told.inputs)
        self._input_at = {given.ref: given.location for given in self.inputs}
        self._prepare(made.location for made in self._outputs)

    def _append(self, said: Mapping[str, object]) -> None:
        self.said.append(msgspec.json.encode(said))


class InlineJobs:
    """Calls the functions of inline jobs, and keeps what they say until it is collected."""

    def __init__(self, folder: Path, prepare: Callable[[Iterable[Path]], None]) -> None:
        self._folder = folder
        self._prepare = prepare
        self._functions: dict[str, Callable[[Context], object]] = {}
        self._contexts: dict[str, InlineContext] = {}

    def call(self, job: Job, run: Launching, tell: Callable[[], Told]) -> Callable[[], object]:
        """What is to be called for one JobRun; ``tell`` says what it is told."""
        assert job.python is not None, "an inline job has a function"
        context = self._contexts[run.spec.id] = InlineContext(run, tell, self._prepare)
        return partial(self._run, job.python, context)

    def left_no_file(self, run: str) -> bool:
        """Whether this is an inline JobRun that never asked where its outputs are."""
        context = self._contexts.get(run)
        return context is not None and not context.asked

    def report(self, run: str, mask: Mask) -> Report | BadReport | None:
        """What an inline JobRun said, forgotten afterwards; None for a JobRun that is not inline."""
        context = self._contexts.pop(run, None)
        return None if context is None else parse_report(mask.data(b"\n".join(context.said)))

    def _run(self, name: str, context: InlineContext) -> None:
        function = self._functions.get(name)
        if function is None:
            function = self._functions[name] = self._load(name)
        function(context)

    def _load(self, name: str) -> Callable[[Context], object]:
        if str(self._folder) not in sys.path:
            sys.path.insert(0, str(self._folder))
        module, _, attribute = name.partition(":")
        function: Callable[[Context], object] = getattr(importlib.import_module(module), attribute)
        return function
