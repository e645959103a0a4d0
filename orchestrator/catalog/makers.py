"""Who makes which ref: every output pattern with its owner and with what its outputs need."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from difflib import get_close_matches
from functools import lru_cache
from itertools import islice

from orchestrator.catalog.errors import NobodyMakes
from orchestrator.catalog.index import PatternIndex
from orchestrator.catalog.jobs import External, Input, InputKind, Job, each_once
from orchestrator.catalog.mapping import Template
from orchestrator.catalog.overlap import witness
from orchestrator.catalog.patterns import Bindings, Pattern, unbounded
from statemachines.refs import BadRef, Ref, parse_ref

NEAREST = 3
_CLOSE = 0.5
REMEMBERED = 16_384
"""How many refs' makers are kept: what many refs need is asked for many times."""


@dataclass(frozen=True, slots=True)
class Maker:
    """One output pattern of a job or an external."""

    pattern: Pattern
    owner: Job | External
    inputs: tuple[tuple[Template, InputKind], ...] = ()


class Makers:
    """All of them, found by the refs they make."""

    def __init__(self, makers: Iterable[Maker]) -> None:
        self._index = PatternIndex((maker.pattern, maker) for maker in makers)
        self.find = lru_cache(REMEMBERED)(self._find)
        """Return the one who makes a ref, and how its pattern reads it."""

    def __iter__(self) -> Iterator[Maker]:
        return (maker for _, maker in self._index)

    def _find(self, ref: str) -> tuple[Maker, Bindings] | None:
        for pattern, maker in self._index.near(ref):
            bindings = pattern.match(ref)
            if bindings is not None:
                return maker, bindings
        return None

    def could_make(self, template: Template) -> bool:
        """Say whether anybody makes any ref that an input can stand for, bounds apart where it has placeholders."""
        if not template.varies:
            return self.find(template.text) is not None
        head, form = template.text.partition("{")[0], template.segments()
        patterns = (p for p, _ in self._index if p.head.startswith(head) or head.startswith(p.head))
        return any(witness(form, unbounded(pattern.segments)) is not None for pattern in patterns)

    def out_of_bounds(self, ref: str) -> Iterator[Pattern]:
        """Yield the patterns that would match a ref if it were not for their bounds."""
        return (pattern for pattern, _ in self._index.near(ref) if pattern.match_unbounded(ref) is not None)

    def nearest(self, ref: str) -> tuple[str, ...]:
        """Return the texts of the patterns most like a ref, the most likely first."""
        near = dict.fromkeys(pattern.text for pattern in self.out_of_bounds(ref))
        samples = {pattern.sample(): pattern.text for pattern, _ in self._index}
        near |= dict.fromkeys(samples[sample] for sample in get_close_matches(ref, samples, NEAREST, _CLOSE))
        return tuple(islice(near, NEAREST))

    def nobody_makes(self, ref: str) -> NobodyMakes:
        """Make the error that says so, with the nearest patterns."""
        near = " or ".join(self.nearest(ref))
        hint = f"the nearest is {near}" if near else "see what can be made with: wantd job list"
        return NobodyMakes(f"no job or external makes {ref!r}", hint)

    def inputs(self, ref: Ref) -> tuple[Input, ...]:
        """Compute what a ref needs, each once."""
        found = self.find(ref)
        if found is None:
            raise self.nobody_makes(ref)
        maker, bindings = found
        return each_once(
            (need, kind) for template, kind in maker.inputs for need in self._needs(template, bindings, ref)
        )

    def _needs(self, template: Template, bindings: Bindings, ref: Ref) -> Iterator[Ref]:
        for text in template.texts(bindings):
            if self.find(text) is not None:
                yield _as_ref(text, template, ref)
            elif not (template.moves and any(self.out_of_bounds(text))):
                error = self.nobody_makes(text)
                raise NobodyMakes(f"{error.why}, which {ref!r} needs", error.hint)


def _as_ref(text: str, template: Template, ref: Ref) -> Ref:
    try:
        return parse_ref(text)
    except BadRef as error:
        raise NobodyMakes(f"the input {template.text!r} of {ref!r} is no ref", str(error)) from error
