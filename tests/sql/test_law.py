"""What SQL tells is what the lists of the API tell, of any world and at any moment."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from random import Random

import msgspec
import pytest

from orchestrator.api.door import Reading
from orchestrator.api.reading import open_reading_door
from orchestrator.sql.relations import RELATIONS
from orchestrator.views.shapes import (
    ActivationView,
    EntryFilter,
    InputView,
    JobRunFilter,
    PartitionFilter,
    Table,
    WantFilter,
)
from tests.sql.samples import Told, asked, told

Fields = Mapping[str, object]


def rows_of(table: Table) -> list[dict[str, object]]:
    return [dict(zip(table.columns, row, strict=True)) for row in table.rows]


def flat(shape: object) -> dict[str, object]:
    """The fields of a shape by the names that columns have."""
    found: dict[str, object] = {}
    fields: dict[str, object] = msgspec.to_builtins(shape)
    for name, value in fields.items():
        if name in {"content", "origin"}:
            found.update(msgspec.convert(value or {}, dict[str, object]))
        else:
            found[name] = int(value) if isinstance(value, bool) else value
    return found


def same(row: Fields, shape: object) -> None:
    """Every field that is a column too is the same there."""
    fields = flat(shape)
    compared = fields.keys() & row.keys()
    assert len(compared) >= 8, "nothing was compared"
    for name in compared:
        if isinstance(fields[name], tuple | dict):
            assert json.loads(str(row[name])) == json.loads(json.dumps(fields[name])), name
        else:
            assert row[name] == fields[name], name


async def check(folder: Path, reads: Reading, at: str | None) -> None:
    """Hold every view against the list that tells the same."""
    wants = await reads.wants(WantFilter())
    rows = rows_of(await asked(folder, "SELECT * FROM wants", at))
    assert [row["id"] for row in rows] == [want.id for want in wants]
    for row, want in zip(rows, wants, strict=True):
        same(row, want)
    refs = await asked(folder, "SELECT want, ref FROM want_refs ORDER BY rowid", at)
    details = [await reads.want(want.id) for want in wants]
    assert list(refs.rows) == [(want.id, ref.ref) for want in details for ref in want.refs]
    await check_partitions(folder, reads, at)
    await check_jobruns(folder, reads, at)


async def check_partitions(folder: Path, reads: Reading, at: str | None) -> None:
    for which in ("newest", "canonical"):
        listed = await reads.partitions(PartitionFilter(which="newest" if which == "newest" else "canonical"))
        rows = rows_of(await asked(folder, f"SELECT * FROM partitions WHERE {which} = 1 ORDER BY ref", at))
        assert [row["id"] for row in rows] == [instance.id for instance in listed]
        for row, instance in zip(rows, listed, strict=True):
            kept = {name: row[name] for name in row if name not in {"run", "actor", "source"}}
            same(kept, instance)
            assert row["run"] == instance.run


async def check_jobruns(folder: Path, reads: Reading, at: str | None) -> None:
    runs = await reads.jobruns(JobRunFilter())
    rows = rows_of(await asked(folder, "SELECT * FROM jobruns", at))
    assert [row["id"] for row in rows] == [run.id for run in runs]
    inputs = await asked(folder, "SELECT run, ref, instance, digest FROM jobrun_inputs ORDER BY rowid", at)
    outputs = await asked(folder, "SELECT run, ref, instance, state FROM jobrun_outputs ORDER BY rowid", at)
    given: list[tuple[object, ...]] = []
    made: list[tuple[object, ...]] = []
    for row, run in zip(rows, runs, strict=True):
        kept = {name: row[name] for name in row if name not in {"failure", "failure_reason"}}
        same(kept, msgspec.structs.replace(run, failure=None))
        assert (row["failure"], row["failure_reason"]) == (
            (None, None) if run.failure is None else (run.failure.kind, run.failure.reason)
        )
        detail = await reads.jobrun(run.id)
        assert json.loads(str(row["missing"])) == list(detail.missing)
        given += [(run.id, one.ref, one.id, one.digest) for one in _inputs(detail.activation)]
        made += [(run.id, one.ref, one.id, one.state) for one in detail.outputs]
    assert list(inputs.rows) == given
    assert list(outputs.rows) == made


def _inputs(activation: ActivationView | None) -> tuple[InputView, ...]:
    return () if activation is None else activation.inputs


async def check_events(folder: Path, reads: Reading, at: str | None) -> None:
    entries = await reads.entries(EntryFilter())
    rows = rows_of(await asked(folder, "SELECT * FROM events ORDER BY seq", at))
    for row, entry in zip(rows, entries, strict=True):
        same(row, entry)
        assert json.loads(str(row["payload"])) == json.loads(json.dumps(entry.event))


@pytest.mark.asyncio
@pytest.mark.parametrize("seed", [1, 3, 8])
async def test_every_view_tells_what_the_lists_tell(tmp_path: Path, seed: int) -> None:
    """Broken: an answer in SQL says something else than the page about the same thing."""
    found: Told = await told(tmp_path, seed)
    door = await open_reading_door(found.application)
    try:
        await check(tmp_path, door, None)
        await check_events(tmp_path, door, None)
        for seq in Random(seed).sample(found.ends, 6):
            past = await door.at(str(seq))
            await check(tmp_path, past, str(seq))
            await check_events(tmp_path, past, str(seq))
    finally:
        await door.close()


@pytest.mark.asyncio
async def test_however_a_view_is_named_it_is_read_whole(tmp_path: Path) -> None:
    """Broken: a view that is named in capitals, or only counted, is taken for empty."""
    await told(tmp_path, 3)
    for relation in RELATIONS:
        plain = len((await asked(tmp_path, f"SELECT * FROM {relation.name}")).rows)
        assert plain or relation.name in {"jobs", "pools"}
        name = relation.name.upper()
        counted = (
            f"SELECT count(*) FROM {name}",
            f'SELECT count(*) FROM "{relation.name.title()}" AS x',
            f"SELECT (SELECT count(*) FROM {name})",
            f"WITH x AS (SELECT 1 FROM {name}) SELECT count(*) FROM x",
        )
        for statement in counted:
            assert (await asked(tmp_path, statement)).rows == ((plain,),), statement


@pytest.mark.asyncio
async def test_a_moment_is_told_and_rounded_to_the_end_of_a_turn(tmp_path: Path) -> None:
    """Broken: nobody knows which moment an answer is about, or it shows half of a turn."""
    found = await told(tmp_path, 3)
    end, later = next((a, b) for a, b in zip(found.ends, found.ends[1:], strict=False) if b > a + 1)
    table = await asked(tmp_path, "SELECT max(seq), count(*) FROM events", str(later - 1))
    assert (table.seq, table.at_seq, table.rows) == (end, end, ((end, end),))
    assert table.at_time is not None
    now = await asked(tmp_path, "SELECT max(seq) FROM events")
    assert (now.seq, now.at_seq, now.rows) == (found.ends[-1], None, ((found.ends[-1],),))


@pytest.mark.asyncio
async def test_where_nothing_has_happened_there_is_nothing(tmp_path: Path) -> None:
    """Broken: a new application cannot be asked, or an empty log holds something."""
    for relation in RELATIONS:
        table = await asked(tmp_path, f"SELECT count(*) FROM {relation.name}")
        assert (table.seq, table.rows[0][0] == 0) == (0, relation.name != "columns"), relation.name
    assert (await asked(tmp_path, "SELECT count(*) FROM events", "0")).at_seq == 0


@pytest.mark.asyncio
async def test_the_columns_are_told_by_the_view_of_columns(tmp_path: Path) -> None:
    """Broken: what can be asked for is not what is said to be there."""
    listed = await asked(tmp_path, "SELECT relation, name FROM columns")
    for relation in RELATIONS:
        table = await asked(tmp_path, f"SELECT * FROM {relation.name}")
        assert [(relation.name, name) for name in table.columns] == [
            row for row in listed.rows if row[0] == relation.name
        ]
