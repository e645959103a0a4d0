"""The catalog itself: for a ref, who makes it, how it is read, and what it needs.

Made by ``build_catalog`` and never changed. Invariants: no ref has two makers; every input text of every job can name
something that somebody makes. Answers depend on nothing but the configuration, so what a ref needs is remembered, for
the REMEMBERED refs last asked about. Source: design sections 4 (what a ref needs), 7 and 10.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from difflib import get_close_matches
from itertools import chain
from pathlib import Path
from typing import NamedTuple

from orchestrator.catalog.errors import NothingMatches, UnknownJob
from orchestrator.catalog.expand import alternatives, check_size, globbed, ranged
from orchestrator.catalog.jobs import External, Input, Job
from orchestrator.catalog.makers import Makers
from orchestrator.catalog.patterns import Bindings
from orchestrator.config import Limits
from statemachines.refs import Ref, parse_ref

REMEMBERED = 65_536


class Member(NamedTuple):
    """A ref as one of many: the form that they have in common, and what stands for its placeholders in this one."""

    form: str
    values: dict[str, str]


@dataclass(frozen=True, slots=True, eq=False)
class Catalog:
    """The jobs and externals of an application, and what refs mean to them."""

    name: str
    """The application's."""
    python: str
    """The interpreter of Python jobs."""
    folder: Path
    """The application's folder, where jobs run."""
    jobs: Mapping[str, Job]
    externals: Mapping[str, External]
    pools: Mapping[str, int]
    """Slots by pool."""
    limits: Limits
    _makers: Makers
    _inputs: Callable[[Ref], tuple[Input, ...]]

    def job(self, name: str) -> Job:
        """Return a job by its name, or raise UnknownJob with the nearest one."""
        if name in self.jobs:
            return self.jobs[name]
        near = get_close_matches(name, self.jobs, n=1)
        hint = f"did you mean {near[0]!r}?" if near else f"the jobs are {', '.join(self.jobs) or 'none'}"
        raise UnknownJob(f"there is no job {name!r}", hint)

    def producer(self, ref: Ref) -> Job | External | None:
        """Return who makes a ref; there is never more than one."""
        found = self._makers.find(ref)
        return found[0].owner if found is not None else None

    def bindings(self, ref: Ref) -> Bindings | None:
        """Return what the placeholders of its pattern are bound to, None where nobody makes the ref."""
        found = self._makers.find(ref)
        return found[1] if found is not None else None

    def member(self, ref: Ref) -> Member:
        """Return which family of refs it belongs to; where nobody makes it, it is a family of its own."""
        found = self._makers.find(ref)
        return Member(ref, {}) if found is None else Member(found[0].pattern.form, found[0].pattern.texts(ref))

    def inputs(self, ref: Ref) -> tuple[Input, ...]:
        """Return what a ref needs by declaration, in that order, each once.

        Raises NobodyMakes for the ref, or for a need that nobody makes; TooMany where it needs more than INPUTS_MAX.
        """
        return self._inputs(ref)

    def nearest(self, ref: str) -> tuple[str, ...]:
        """Return the output patterns most like a ref, as text; first those that only bounds keep from matching it."""
        return self._makers.nearest(ref)

    def expand(self, text: str, known: Iterable[Ref]) -> tuple[Ref, ...]:
        """Return the refs that a wanted text stands for, each once; see ``expand`` for its forms.

        Raises BadRef, NobodyMakes, NothingMatches or TooMany (above limits.refs_per_want). ``known`` is read for globs.
        """
        limit = self.limits.refs_per_want
        refs = dict.fromkeys(chain.from_iterable(self._expanded(one, known) for one in alternatives(text, limit)))
        check_size(text, len(refs), limit)
        return tuple(refs)

    def _expanded(self, text: str, known: Iterable[Ref]) -> Iterator[Ref]:
        if "*" in text:
            yield from self._globbed(text, known)
            return
        ranges = chain.from_iterable(ranged(text, maker.pattern, self.limits.refs_per_want) for maker in self._makers)
        refs = list(ranges) if ".." in text else []
        for ref in refs or [parse_ref(text)]:
            if self.producer(ref) is None:
                raise self._makers.nobody_makes(ref)
            yield ref

    def _globbed(self, text: str, known: Iterable[Ref]) -> Iterator[Ref]:
        refs = [ref for ref in globbed(text, known) if self.producer(ref) is not None]
        if not refs:
            raise NothingMatches(
                f"{text!r} matches no ref that is known", "'*' chooses among refs that were wanted or made before"
            )
        yield from refs
