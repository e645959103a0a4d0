"""Jobs, and what is worked out from them: who makes a ref, what would be done, why something is so."""

from orchestrator.api.local import LocalDoor
from orchestrator.api.requests import AboutGraph, AboutRef, Page, Refs
from orchestrator.api.table import Routes
from orchestrator.views.shapes import GraphView, JobView, Lookup, Plan, Why

jobs = Routes("jobs")


@jobs.get("/jobs")
async def list_jobs(door: LocalDoor) -> Page[JobView]:
    """List the jobs and externals of the configuration, all of them."""
    return Page(await door.jobs())


@jobs.get("/lookup", "bad_ref")
async def show_lookup(door: LocalDoor, asked: AboutRef) -> Lookup:
    """Say who makes a ref, and from what."""
    return await door.lookup(asked.ref)


@jobs.ask("/plan", "bad_ref", "no_job_makes")
async def make_plan(door: LocalDoor, told: Refs) -> Plan:
    """Say what a want would do, without doing it."""
    return await door.plan(told.refs)


@jobs.get("/why", "bad_ref")
async def show_why(door: LocalDoor, asked: AboutRef) -> Why:
    """Say why a ref is, or is not, there."""
    return await door.why(asked.ref)


@jobs.get("/graph", "bad_ref")
async def show_graph(door: LocalDoor, asked: AboutGraph) -> GraphView:
    """Show what needs what, around a ref or among the jobs."""
    return await door.graph(asked.ref, asked.depth)
