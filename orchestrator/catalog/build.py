"""Building the catalog from a configuration, and refusing one that means no graph of jobs.

What is wrong with a pattern or an input is a ConfigError at its line: it does not parse, two outputs overlap, or an
input can name nothing that anybody makes.
"""

from collections.abc import Iterator, Mapping, Sequence
from functools import lru_cache
from pathlib import Path

from msgspec import Struct

from orchestrator.catalog.catalog import REMEMBERED, Catalog
from orchestrator.catalog.errors import BadPattern
from orchestrator.catalog.jobs import External, InputKind, Job, make_external, make_job
from orchestrator.catalog.makers import Maker, Makers
from orchestrator.catalog.mapping import Template, parse_template
from orchestrator.catalog.overlap import overlaps
from orchestrator.catalog.patterns import Pattern, parse_pattern
from orchestrator.config import Config, ExternalTable, InputTable, JobTable
from orchestrator.config.source import Source, Where


class _Output(Struct, frozen=True):
    """An output pattern on its way into the catalog, with its place in the file."""

    where: Where
    table: JobTable | ExternalTable
    pattern: Pattern

    def place_of(self, key: str, number: int) -> Where:
        """Return the place of an entry of another list of the same table."""
        return (*self.where[:2], key, number)


def build_catalog(config: Config, folder: Path, fingerprints: Mapping[str, str]) -> Catalog:
    """Build the catalog of a configuration, or raise ConfigError; ``fingerprints`` has one for each job by name."""
    jobs = {table.name: make_job(table, config.retry, fingerprints[table.name], folder) for table in config.jobs}
    externals = {table.name: make_external(table) for table in config.externals}
    outputs = [*_outputs(config.source, "job", config.jobs), *_outputs(config.source, "external", config.externals)]
    _refuse_overlaps(config.source, outputs)
    owners: Mapping[str, Job | External] = {**jobs, **externals}
    entries = [
        Maker(output.pattern, owners[output.table.name], tuple(_inputs(config.source, output))) for output in outputs
    ]
    makers = Makers(entries)
    for output, maker in zip(outputs, entries, strict=True):
        _refuse_orphans(config.source, output, maker, makers)
    return Catalog(
        name=config.application.name,
        python=config.application.python,
        folder=folder,
        jobs=jobs,
        externals=externals,
        pools=config.pools,
        limits=config.limits,
        _makers=makers,
        _inputs=lru_cache(REMEMBERED)(makers.inputs),
    )


def _outputs(source: Source, kind: str, tables: Sequence[JobTable | ExternalTable]) -> Iterator[_Output]:
    for number, table in enumerate(tables):
        for place, text in enumerate(table.outputs):
            where: Where = (kind, number, "outputs", place)
            try:
                pattern = parse_pattern(text)
            except BadPattern as error:
                raise source.error(where, error.why, error.hint) from error
            yield _Output(where, table, pattern)


def _refuse_overlaps(source: Source, outputs: list[_Output]) -> None:
    for one, other, ref in overlaps((output.pattern, output) for output in outputs):
        first, second = sorted((one, other), key=outputs.index)
        why = (
            f"{second.pattern.text!r} of {second.table.name!r} and {first.pattern.text!r} of {first.table.name!r} "
            f"both match {ref!r}"
        )
        hint = "a ref has one maker: tell them apart by literal text, types or bounds"
        raise source.error(second.where, why, hint)


def _inputs(source: Source, output: _Output) -> Iterator[tuple[Template, InputKind]]:
    if isinstance(output.table, ExternalTable):
        return
    kinds = output.pattern.kinds()
    for number, item in enumerate(output.table.inputs):
        entry = InputTable(item) if isinstance(item, str) else item
        try:
            yield parse_template(entry.ref, kinds), entry.type
        except BadPattern as error:
            raise source.error(output.place_of("inputs", number), error.why, error.hint) from error


def _refuse_orphans(source: Source, output: _Output, maker: Maker, makers: Makers) -> None:
    for number, (template, _) in enumerate(maker.inputs):
        if not makers.could_make(template):
            nobody = makers.nobody_makes(template.sample())
            why = f"no job or external makes refs like {template.text!r}"
            hint = f"{nobody.hint}; data from outside needs an [[external]]"
            raise source.error(output.place_of("inputs", number), why, hint)
