"""OpenLineage: the events of a real build, held to the classes of the official client."""

from __future__ import annotations

import inspect
import json
from collections import Counter
from importlib import import_module
from pathlib import Path
from typing import Any
from uuid import UUID

import attr
import pytest
from openlineage.client.event_v2 import InputDataset, Job, OutputDataset, Run, RunEvent, RunState
from openlineage.client.serde import Serde

from orchestrator.daemon import open_engine
from orchestrator.outward.outlets import telling
from statemachines.ids import RunId
from statemachines.traits import head_of
from tests.outward.eventful import eventful, everything
from tests.outward.rig import application, build, receiving, status, until

FACETS = {
    "parent": "parent_run.ParentRunFacet",
    "processing_engine": "processing_engine_run.ProcessingEngineRunFacet",
    "nominalTime": "nominal_time_run.NominalTimeRunFacet",
    "errorMessage": "error_message_run.ErrorMessageRunFacet",
    "jobType": "job_type_job.JobTypeJobFacet",
    "documentation": "documentation_job.DocumentationJobFacet",
    "version": "dataset_version_dataset.DatasetVersionDatasetFacet",
    "outputStatistics": "output_statistics_output_dataset.OutputStatisticsOutputDatasetFacet",
}
SUBSETS = {
    "inputCondition": "base_subset_dataset.InputSubsetInputDatasetFacet",
    "outputCondition": "base_subset_dataset.OutputSubsetOutputDatasetFacet",
}
ENDS = {"Succeeded", "Failed"}
OWN = {"wantd_jobrun", "wantd_partitions"}

Event = dict[str, Any]


def official(facets: dict[str, Any]) -> dict[str, Any]:
    """The same facets as the official client would send them; our own as they are. Fails for an unknown name."""
    return {name: facet if name in OWN else _official(name, dict(facet)) for name, facet in facets.items()}


def _official(name: str, facet: dict[str, Any]) -> dict[str, Any]:
    producer, schema = facet.pop("_producer"), facet.pop("_schemaURL")
    where = SUBSETS[next(iter(facet))] if name == "subset" else FACETS[name]
    module, _, kind = where.partition(".")
    maker = getattr(import_module(f"openlineage.client.generated.{module}"), kind)
    assert set(facet) <= set(inspect.signature(maker).parameters), name
    made = maker(**facet, producer=producer)
    assert (attr.asdict(made)["_schemaURL"], maker._get_schema()) == (schema, schema)
    sent: dict[str, Any] = Serde.to_dict(made)
    return sent


def assert_official(event: Event) -> None:
    """The official classes take it, and would send exactly this."""
    run = Run(event["run"]["runId"], official(event["run"]["facets"]))
    job = Job(event["job"]["namespace"], event["job"]["name"], official(event["job"]["facets"]))
    inputs = [
        InputDataset(
            one["namespace"], one["name"], facets=official(one["facets"]), inputFacets=official(one["inputFacets"])
        )
        for one in event["inputs"]
    ]
    outputs = [
        OutputDataset(
            one["namespace"], one["name"], facets=official(one["facets"]), outputFacets=official(one["outputFacets"])
        )
        for one in event["outputs"]
    ]
    made = RunEvent(
        eventType=RunState(event["eventType"]),
        eventTime=event["eventTime"],
        run=run,
        job=job,
        inputs=list(inputs),
        outputs=list(outputs),
        producer=event["producer"],
    )
    assert Serde.to_dict(made) == Serde.remove_nulls_and_enums(event)
    assert str(UUID(event["run"]["runId"])) == event["run"]["runId"]


def jobrun(event: Event) -> dict[str, Any]:
    found: dict[str, Any] = event["run"]["facets"]["wantd_jobrun"]
    return found


def named(side: list[Event]) -> dict[str, list[str]]:
    return {one["name"]: [each["ref"] for each in one["facets"]["wantd_partitions"]["partitions"]] for one in side}


@pytest.mark.asyncio
async def test_what_a_build_does_is_told_as_the_specification_says(tmp_path: Path) -> None:
    """Broken: a lineage service refuses our events, or draws a graph that is not so."""
    told = eventful(tmp_path, '[outward.openlineage]\nfile = "lineage.jsonl"\n')
    async with open_engine(told) as engine, telling(engine) as running:
        await until((told.layout.outward / "openlineage.json").exists)
        await everything(engine)
        head = engine.log.head.seq
        await until(lambda: running.facts()[0].done >= head)
        world = (await engine.board()).world
    events: list[Event] = [json.loads(line) for line in (tmp_path / "lineage.jsonl").read_text().splitlines()]
    for event in events:
        assert_official(event)
        assert event["job"]["namespace"] == "told"
        assert event["job"]["name"] == getattr(head_of(world.runs[RunId(jobrun(event)["id"])]), "job", None)
    assert len({(event["run"]["runId"], event["eventType"]) for event in events}) == len(events)
    runs = Counter(jobrun(event)["id"] for event in events if event["eventType"] == "START")
    assert set(runs) == set(world.runs)
    assert {jobrun(event)["id"] for event in events if event["eventType"] in {"COMPLETE", "FAIL", "ABORT"}} == set(runs)
    by_job = {(event["job"]["name"], event["eventType"], jobrun(event)["outcome"]): event for event in events}
    summed = by_job["sum", "COMPLETE", "Succeeded"]
    assert named(summed["inputs"]) == {"good/{n}": ["good/1", "good/0"]}
    assert named(summed["outputs"]) == {"sum/{n}": ["sum/1"]}
    assert summed["outputs"][0]["facets"]["version"]["datasetVersion"] == "sum/1"
    assert summed["run"]["facets"]["nominalTime"]["nominalStartTime"] == "2013-01-05T00:00:00Z"
    failed = by_job["bad", "FAIL", "Failed"]
    assert "as it should" in failed["run"]["facets"]["errorMessage"]["message"]
    assert failed["outputs"] == []
    assert "good/7" in by_job["misses", "ABORT", "DepMiss"]["run"]["facets"]["errorMessage"]["message"]
    found = by_job["misses", "COMPLETE", "Succeeded"]
    assert named(found["inputs"]) == {"good/{n}": ["good/7"]}
    assert found["job"]["facets"]["documentation"]["description"] == "finds out while it runs"
    assert jobrun(found)["reason"] == "inputs_arrived"
    half = next(
        event for event in events if event["job"]["name"] == "half" and event["outputs"] and "C" in event["eventType"]
    )
    assert len(named(half["outputs"])["half/{n}"]) == 1
    slow = by_job["slow", "ABORT", "Canceled"]
    assert slow["run"]["facets"]["parent"]["run"]["runId"] != found["run"]["facets"]["parent"]["run"]["runId"]


@pytest.mark.asyncio
async def test_events_are_posted_with_a_token_that_is_shown_nowhere(tmp_path: Path) -> None:
    """Broken: a service that wants to know who asks gets no events, or its token is found in our files."""
    async with receiving() as receiver:
        receiver.answers = [status(401), status(201)]
        told = application(
            tmp_path, f'[outward.openlineage]\nurl = "{receiver.url}"\ntoken = "token"\nnamespace = "n"\n'
        )
        (tmp_path / "token").write_text("canary-token-77\n")
        async with open_engine(told) as engine, telling(engine) as running:
            await build(engine, "good/1")
            await until(lambda: running.facts()[0].done == engine.log.head.seq)
    sent = [json.loads(posted.body) for posted in receiver.seen]
    assert sent[0] == sent[1]
    assert [event["eventType"] for event in sent[1:]] in (["START", "COMPLETE"], ["START", "RUNNING", "COMPLETE"])
    assert {event["job"]["namespace"] for event in sent} == {"n"}
    assert {posted.headers["authorization"] for posted in receiver.seen} == {"Bearer canary-token-77"}
    state = [path.read_bytes() for path in (tmp_path / ".wantd").rglob("*") if path.is_file()]
    assert not [content for content in state if b"canary" in content]
