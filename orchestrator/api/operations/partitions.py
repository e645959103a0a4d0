"""Partitions: what is there, what it was made from, and statements about data."""

from orchestrator.api.local import LocalDoor
from orchestrator.api.pages import page_of
from orchestrator.api.reads import Reads
from orchestrator.api.requests import AboutLineage, AboutRef, Page, Reported, Tainted
from orchestrator.api.table import Routes
from orchestrator.views.shapes import InstanceView, Lineage, PartitionDetail, PartitionFilter, Tainting

partitions = Routes("partitions")


@partitions.get("/partitions")
async def list_partitions(reads: Reads, chosen: PartitionFilter) -> Page[InstanceView]:
    """List one instance of each ref, ordered by ref."""
    return page_of(reads, await reads.partitions(chosen), chosen.limit, lambda instance: instance.ref)


@partitions.get("/partition", "bad_ref", "no_such_partition")
async def show_partition(reads: Reads, asked: AboutRef) -> PartitionDetail:
    """Show a ref with all its instances, by ref or by the id of an instance."""
    return await reads.partition(asked.ref)


@partitions.get("/lineage", "bad_ref", "no_such_partition")
async def show_lineage(reads: Reads, asked: AboutLineage) -> Lineage:
    """Show what an instance was made from, and what was made from it."""
    return await reads.lineage(asked.ref, asked.direction, asked.depth)


@partitions.post("/partitions/taint", "bad_ref", "no_job_makes", "no_such_partition")
async def taint(door: LocalDoor, told: Tainted) -> Tainting:
    """Say that instances must not be used."""
    return await door.taint(told.refs, told.reason, downstream=told.downstream)


@partitions.post("/partitions/report", "bad_ref", "not_external")
async def report(door: LocalDoor, told: Reported) -> InstanceView:
    """Say that data from outside is there."""
    return await door.report(told.ref, digest=told.digest, location=told.location, metadata=told.metadata)
