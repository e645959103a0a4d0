"""Run events of OpenLineage, as far as they are used here, and the facets that are its own.

Written by hand, since a dozen names are all that is needed; tests hold them to the classes of the official client.
Source: the OpenLineage specification, version 2.
"""

from typing import Literal

import msgspec

EventType = Literal["START", "RUNNING", "COMPLETE", "FAIL", "ABORT"]

Side = Literal["input", "output"]

Facet = dict[str, object]
Facets = dict[str, Facet]

PRODUCER = "urn:wantd"
_SPEC = "https://openlineage.io/spec"
EVENT_SCHEMA = f"{_SPEC}/2-0-2/OpenLineage.json#/$defs/RunEvent"


class Run(msgspec.Struct, frozen=True, rename="camel"):
    """One run; its id is a UUID."""

    run_id: str
    facets: Facets = {}


class Job(msgspec.Struct, frozen=True):
    """What runs."""

    namespace: str
    name: str
    facets: Facets = {}


class Input(msgspec.Struct, frozen=True, rename="camel"):
    """What was read of a dataset."""

    namespace: str
    name: str
    facets: Facets
    input_facets: Facets


class Output(msgspec.Struct, frozen=True, rename="camel"):
    """What was made of a dataset."""

    namespace: str
    name: str
    facets: Facets
    output_facets: Facets


class RunEvent(msgspec.Struct, frozen=True, rename="camel"):
    """What happened to a run."""

    event_type: EventType
    event_time: str
    run: Run
    job: Job
    inputs: tuple[Input, ...]
    outputs: tuple[Output, ...]
    producer: str = PRODUCER
    schema_url: str = msgspec.field(default=EVENT_SCHEMA, name="schemaURL")


def _standard(name: str, version: str, /, **content: object) -> Facet:
    return {"_producer": PRODUCER, "_schemaURL": f"{_SPEC}/facets/{version}/{name}.json#/$defs/{name}", **content}


def own(name: str, /, **content: object) -> Facet:
    """A facet that the specification does not know."""
    return {"_producer": PRODUCER, "_schemaURL": f"urn:wantd:facet:{name}:1", **content}


def parent(run_id: str, namespace: str, name: str) -> Facet:
    """The run for which this one is."""
    return _standard("ParentRunFacet", "1-2-0", run={"runId": run_id}, job={"namespace": namespace, "name": name})


def engine(version: str) -> Facet:
    """Who ran it."""
    name = "ProcessingEngineRunFacet"
    return _standard(name, "1-1-1", version=version, name="wantd", openlineageAdapterVersion=version)


def nominal_time(start: str) -> Facet:
    """The moment that the data are about."""
    return _standard("NominalTimeRunFacet", "1-0-1", nominalStartTime=start)


def error_message(message: str) -> Facet:
    """Why it did not work out."""
    return _standard("ErrorMessageRunFacet", "1-0-1", message=message, programmingLanguage="unknown")


def job_type() -> Facet:
    """What kind of job it is."""
    return _standard("JobTypeJobFacet", "2-0-4", processingType="BATCH", integration="WANTD", jobType="JOB")


def documentation(text: str) -> Facet:
    """What a person wrote about a job."""
    return _standard("DocumentationJobFacet", "1-1-0", description=text)


def dataset_version(digest: str) -> Facet:
    """What a dataset holds."""
    return _standard("DatasetVersionDatasetFacet", "1-0-1", datasetVersion=digest)


def output_statistics(size: int, files: int) -> Facet:
    """How much was made."""
    return _standard("OutputStatisticsOutputDatasetFacet", "1-0-2", size=size, fileCount=files)


def subset(side: Side, partitions: list[tuple[str, dict[str, str]]]) -> Facet:
    """Which partitions of a dataset: by ref, with their dimensions."""
    name = f"{side.capitalize()}Subset{side.capitalize()}DatasetFacet"
    told = [{"identifier": ref, "dimensions": values} for ref, values in partitions]
    condition = {f"{side}Condition": {"type": "partition", "partitions": told}}
    return {
        "_producer": PRODUCER,
        "_schemaURL": f"{_SPEC}/facets/1-0-0/BaseSubsetDatasetFacet.json#/$defs/{name}",
        **condition,
    }
