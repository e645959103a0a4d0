"""Whichever door is taken, the same question gets the same answer: one suite over an engine here and one over HTTP."""

from collections.abc import Awaitable, Callable
from pathlib import Path

import msgspec
import pytest

from orchestrator.api.door import Door, DoorError
from orchestrator.views.codes import Code
from orchestrator.views.shapes import EntryFilter, EntryView, JobRunFilter, PartitionFilter, WantFilter, WantView, Wish
from tests.api.rigs import KINDS, open_door

pytestmark = [pytest.mark.asyncio, pytest.mark.parametrize("kind", KINDS)]


async def built(door: Door, *refs: str) -> WantView:
    made = await door.create_want(Wish(refs))
    return await door.wait_want(made.id, 20)


async def refusal(asked: Awaitable[object]) -> tuple[str, int]:
    """The code and the exit code of what must be refused."""
    with pytest.raises(DoorError) as caught:
        await asked
    assert caught.value.why
    return caught.value.code, caught.value.exit_code


async def test_a_want_is_made_waited_for_and_read(kind: str, tmp_path: Path) -> None:
    """Broken: a want cannot be made or followed through this door."""
    async with open_door(kind, tmp_path) as door:
        want = await built(door, "top/1", "top/2")
        assert (want.state, want.refs_count, want.source) == ("Successful", 2, "api")
        assert want.actor.startswith("cli:")
        detail = await door.want(want.id)
        assert (detail.cases, [ref.code for ref in detail.refs]) == ({"done": 2}, [Code.BUILT, Code.BUILT])
        progress = await door.progress(want.id)
        assert [(job.job, job.total, job.cases) for job in progress.jobs] == [
            ("raw", 2, {"done": 2}),
            ("top", 2, {"done": 2}),
        ]
        status = await door.status()
        assert (status.daemon, status.wants_open, status.seq) == (True, 0, progress.seq)


async def test_a_failed_want_says_why_and_can_be_tried_again(kind: str, tmp_path: Path) -> None:
    """Broken: a failure is not told, or a retry does not reach the engine."""
    async with open_door(kind, tmp_path) as door:
        want = await built(door, "bad/1")
        assert (want.state, want.failures_count) == ("Failed", 1)
        detail = await door.want(want.id)
        assert detail.failures[0].run is not None
        assert (await door.jobrun(detail.failures[0].run)).state == "Failed"
        assert (await door.why("bad/1")).root.children[0].code is Code.FAILED
        again = await door.retry_want(want.id)
        assert again.id == want.id
        assert (await door.wait_want(want.id, 20)).seq > want.seq


async def test_a_want_can_be_paused_resumed_and_canceled(kind: str, tmp_path: Path) -> None:
    """Broken: an operator's commands on wants do not arrive."""
    async with open_door(kind, tmp_path) as door:
        want = await door.create_want(Wish(("inside",), comment="later", priority=3, ttl_s=500))
        assert (want.state, want.priority, want.comment) == ("UpstreamBuilding", 3, "later")
        assert want.expires_at is not None
        assert (await door.pause_want(want.id, "lunch")).reason == "lunch"
        assert (await door.resume_want(want.id)).state == "UpstreamBuilding"
        assert (await door.cancel_want(want.id, "enough")).state == "Canceled"
        assert await refusal(door.cancel_want(want.id)) == ("not_now", 1)
        assert await refusal(door.pause_want("w0-0")) == ("no_such_want", 66)


async def test_the_same_key_gives_the_same_want(kind: str, tmp_path: Path) -> None:
    """Broken: asking twice makes two wants, or another wish under the same key is taken."""
    async with open_door(kind, tmp_path) as door:
        first = await door.create_want(Wish(("raw/1",), idempotency_key="k"))
        assert (await door.create_want(Wish(("raw/1",), idempotency_key="k"))).id == first.id
        assert await refusal(door.create_want(Wish(("raw/2",), idempotency_key="k"))) == ("idempotency_conflict", 65)


async def test_an_empty_key_is_a_key_and_no_key_is_none(kind: str, tmp_path: Path) -> None:
    """Broken: one want with an empty key is taken for every later want that has none."""
    async with open_door(kind, tmp_path) as door:
        first = await door.create_want(Wish(("raw/1",), idempotency_key=""))
        assert (await door.create_want(Wish(("raw/1",), idempotency_key=""))).id == first.id
        assert (await door.create_want(Wish(("raw/2",)))).id != first.id


async def test_data_from_outside_is_reported_and_tainted(kind: str, tmp_path: Path) -> None:
    """Broken: reports and taints are lost, or say too little about what they did."""
    async with open_door(kind, tmp_path) as door:
        reported = await door.report("outside", digest="1", location="s3://there", metadata={"rows": 3})
        assert (reported.state, reported.location) == ("Live", "s3://there")
        assert reported.content is not None
        assert reported.content.metadata == {"rows": 3}
        assert (await built(door, "inside")).state == "Successful"
        tainted = await door.taint(("outside",), "wrong", downstream=True)
        assert sorted(one.ref for one in tainted.tainted) == ["inside", "outside"]
        assert (await door.taint(("outside",), "wrong")).tainted == ()
        assert await refusal(door.report("raw/1")) == ("not_external", 65)
        assert await refusal(door.taint(("raw/9",), "x")) == ("no_such_partition", 66)


async def test_partitions_are_listed_shown_and_traced(kind: str, tmp_path: Path) -> None:
    """Broken: partitions and their lineage are not what was built."""
    async with open_door(kind, tmp_path) as door:
        await built(door, "top/1", "raw/2")
        listed = await door.partitions(PartitionFilter())
        assert [one.ref for one in listed] == ["raw/1", "raw/2", "top/1"]
        assert all(one.state == "Live" and one.canonical and one.fresh for one in listed)
        assert listed[0].location.endswith(listed[0].id)
        assert [one.ref for one in await door.partitions(PartitionFilter(pattern="*/1", limit=1))] == ["raw/1"]
        assert [one.ref for one in await door.partitions(PartitionFilter(prefix="top"))] == ["top/1"]
        assert await door.partitions(PartitionFilter(states=("Failed", "Tainted"))) == ()
        shown = await door.partition("top/1")
        assert (shown.maker, shown.done, shown.newest.id) == ("top", True, shown.id)
        assert await door.partition(shown.id) == shown
        lineage = await door.lineage("raw/1")
        assert [(node.ref, node.depth) for node in lineage.nodes] == [("raw/1", 0), ("top/1", 1)]
        assert [node.ref for node in (await door.lineage("top/1", "up", 1)).nodes] == ["top/1", "raw/1"]
        assert (await door.lineage("top/1", "up", 0)).cut
        assert await refusal(door.partition("raw/7")) == ("no_such_partition", 66)
        assert await refusal(door.partition("no ref")) == ("bad_ref", 65)


async def test_jobruns_are_listed_shown_and_stopped(kind: str, tmp_path: Path) -> None:
    """Broken: what runs cannot be watched or stopped."""
    async with open_door(kind, tmp_path) as door:
        want = await door.create_want(Wish(("slow",)))
        (run,) = await door.jobruns(JobRunFilter(job="slow", want=want.id))
        while (await door.jobrun(run.id)).state != "Running" or not (await door.log_text(run.id)).text:
            await door.wait_want(want.id, 0.05)
        assert (await door.log_text(run.id, -4)).text == " be\n"
        progress = await door.progress(want.id)
        assert [(one.job, one.last_line) for one in progress.running] == [("slow", "as slow as can be")]
        detail = await door.jobrun(run.id)
        assert detail.activation is not None
        assert [(out.ref, out.state) for out in detail.outputs] == [("slow", "Building")]
        assert (await door.cancel_jobrun(run.id, "too slow")).state == "Canceling"
        assert (await door.wait_want(want.id, 20)).state == "Failed"
        assert [one.state for one in await door.jobruns(JobRunFilter(states=("Canceled",)))] == ["Canceled"]
        assert (await door.log_text(run.id)).complete
        assert await refusal(door.jobrun("r0-0")) == ("no_such_jobrun", 66)


async def test_jobs_plans_reasons_and_graphs(kind: str, tmp_path: Path) -> None:
    """Broken: what is declared cannot be asked about."""
    async with open_door(kind, tmp_path) as door:
        assert [job.name for job in await door.jobs()] == ["raw", "top", "inside", "bad", "slow", "outside"]
        found = await door.lookup("top/7")
        assert (found.maker, found.bindings, [need.ref for need in found.inputs]) == ("top", {"n": "7"}, ["raw/7"])
        assert (await door.lookup("tpo/7")).nearest[0] == "top/{n:int}"
        plan = await door.plan(("top/1..3",))
        assert [run.outputs[0] for run in plan.runs] == ["raw/1", "raw/2", "raw/3", "top/1", "top/2", "top/3"]
        assert (await door.plan(("tpo/1",))).impossible[0].code is Code.NO_JOB_MAKES
        assert (await door.why("top/1")).root.code is Code.NOBODY_WANTS
        around = await door.graph("top/1")
        assert [(edge.source, edge.target) for edge in around.edges] == [("raw/1", "top/1")]
        jobs = await door.graph()
        assert ("raw", "top") in [(edge.source, edge.target) for edge in jobs.edges]
        assert await refusal(door.why("../x")) == ("bad_ref", 65)
        assert await refusal(door.plan(("raw/3..1",))) == ("bad_ref", 65)


async def test_the_log_is_read_filtered_and_followed(kind: str, tmp_path: Path) -> None:
    """Broken: entries are missed, repeated, or not the ones asked for."""
    async with open_door(kind, tmp_path) as door:
        want = await built(door, "raw/1")
        entries = await door.entries(EntryFilter())
        assert [entry.seq for entry in entries] == list(range(1, len(entries) + 1))
        assert {entry.kind for entry in await door.entries(EntryFilter(kind="WantCreated"))} == {"WantCreated"}
        assert await door.entries(EntryFilter(after=2, upto=4)) == entries[2:4]
        assert await door.entries(EntryFilter(after=1, limit=2)) == entries[1:3]
        assert {e.want for e in await door.entries(EntryFilter(entity=want.id))} == {want.id}
        followed = await follow(door, entries, lambda: built(door, "raw/2"))
        assert [entry.seq for entry in followed] == list(range(1, len(followed) + 1))
        assert followed == await door.entries(EntryFilter(upto=len(followed)))


async def follow(
    door: Door, known: tuple[EntryView, ...], act: Callable[[], Awaitable[object]]
) -> tuple[EntryView, ...]:
    """Follow the log over an act, until the want it makes is done."""
    seen: list[EntryView] = []
    async for entry in door.tail(0):
        seen.append(entry)
        if len(seen) == len(known):
            await act()
        if len(seen) > len(known) and entry.kind == "WantSuccessful":
            break
    return tuple(seen)


async def test_lists_are_whole_beyond_a_page(kind: str, tmp_path: Path) -> None:
    """Broken: a list is cut at a page, or items come twice where pages meet."""
    async with open_door(kind, tmp_path) as door:
        want = await built(door, "raw/1..1100")
        assert want.state == "Successful"
        refs = [one.ref for one in await door.partitions(PartitionFilter())]
        assert refs == sorted(f"raw/{n}" for n in range(1, 1101))
        assert len(await door.partitions(PartitionFilter(limit=1050))) == 1050
        runs = await door.jobruns(JobRunFilter())
        assert len({run.id for run in runs}) == len(runs) == 1100
        assert [one.id for one in await door.wants(WantFilter(states=("Successful",), ref="raw/7"))] == [want.id]
        assert await door.wants(WantFilter(after=want.id)) == ()


async def test_bad_wishes_are_refused_alike(kind: str, tmp_path: Path) -> None:
    """Broken: nonsense is taken, or refused in another way than through the other door."""
    async with open_door(kind, tmp_path) as door:
        assert await refusal(door.create_want(Wish(()))) == ("empty_want", 65)
        assert await refusal(door.create_want(Wish(("nobody/1",)))) == ("no_job_makes", 66)
        assert await refusal(door.create_want(Wish(("raw/1",), environment="prod"))) == ("no_such_environment", 66)
        assert await refusal(door.create_want(Wish(("raw/1",), ttl_s=-1))) == ("bad_time", 65)
        assert await refusal(door.create_want(Wish(("raw/1",), data_timestamp="soon"))) == ("bad_time", 65)


async def test_answers_survive_json(kind: str, tmp_path: Path) -> None:
    """Broken: a shape cannot be written as JSON and read back as the same."""
    async with open_door(kind, tmp_path) as door:
        await built(door, "top/1")
        answers = [
            await door.partition("top/1"),
            await door.why("top/1"),
            await door.plan(("top/2",)),
            await door.graph(),
        ]
        for answer in answers:
            assert msgspec.json.decode(msgspec.json.encode(answer), type=type(answer)) == answer
