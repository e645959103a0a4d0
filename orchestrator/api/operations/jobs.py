"""Jobs, and what is worked out from them: who makes a ref, what would be done, why something is so."""

from orchestrator.api.reads import Reads
from orchestrator.api.requests import AboutGraph, AboutRef, Page, Refs
from orchestrator.api.table import Routes
from orchestrator.views.shapes import GraphView, JobView, Lookup, Plan, Why

jobs = Routes("jobs")


@jobs.get("/jobs")
async def list_jobs(reads: Reads) -> Page[JobView]:
    """List the jobs and externals of the configuration, all of them."""
    return reads.told(Page(await reads.jobs()))


@jobs.get("/lookup", "bad_ref")
async def show_lookup(reads: Reads, asked: AboutRef) -> Lookup:
    """Say who makes a ref, and from what."""
    return await reads.lookup(asked.ref)


@jobs.ask("/plan", "bad_ref", "no_job_makes")
async def make_plan(reads: Reads, told: Refs) -> Plan:
    """Say what a want would do, without doing it."""
    return await reads.plan(told.refs)


@jobs.get("/why", "bad_ref")
async def show_why(reads: Reads, asked: AboutRef) -> Why:
    """Say why a ref is, or is not, there."""
    return await reads.why(asked.ref)


@jobs.get("/graph", "bad_ref")
async def show_graph(reads: Reads, asked: AboutGraph) -> GraphView:
    """Show what needs what, around a ref or among the jobs."""
    return await reads.graph(asked.ref, asked.depth)
