"""Pages of lists: what is on them is what a look at everything would find, and costs what is on them."""

from collections.abc import Callable, Iterator
from fnmatch import fnmatchcase
from random import Random
from typing import NoReturn

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec import convert
from msgspec.structs import replace

from orchestrator.commands import Answer, AnyCommand
from orchestrator.observations import AnyObservation
from orchestrator.planning.board import Board
from orchestrator.views import jobruns, partitions, wants
from orchestrator.views.paging import Pausing, at_once
from orchestrator.views.shapes import (
    JobRunFilter,
    JobRunStateName,
    JobRunView,
    Order,
    PartitionFilter,
    WantFilter,
    WantStateName,
    WantView,
)
from statemachines.events import AnyEvent
from statemachines.ids import InstanceId, RunId
from statemachines.laws import INDEX_LAWS, refs_are_in_order
from statemachines.order import BLOCK_MAX
from statemachines.roll import Roll
from statemachines.snapshot import encode_world, open_world
from statemachines.traits import head_of, live_of
from statemachines.world import World
from tests.kit.core import Core, ended
from tests.machines.walks import walks
from tests.model.story import Story
from tests.views.samples import place


@given(log=walks(80), rests=st.sets(st.integers(0, 79), max_size=6), decoded=st.integers(0, 160))
@settings(max_examples=60)
def test_indices_are_a_recount_whenever_they_are_asked_for(log: list[AnyEvent], rests: set[int], decoded: int) -> None:
    """Broken: a list leaves something out, or shows it in a state that it is not in."""
    world = World()
    for number, event in enumerate(log):
        if number == decoded:
            world = open_world(encode_world(world))
        world.apply(event, world.seq + 1)
        if number in rests:
            world.refs_in_order("local", number % 3)
            assert [violation for law in INDEX_LAWS for violation in law(world)] == []
    while world.refs_in_order("local", 2) is None:
        pass
    assert [violation for law in INDEX_LAWS for violation in law(world)] == []


@pytest.mark.parametrize("seed", range(6))
def test_readers_are_those_who_read(seed: int) -> None:
    """Broken: a lineage downwards leaves out what was made from something, or what was made since it was last asked."""
    story, asked = Story(seed), 0
    world = story.core.board.world
    play = story.core.turn

    def turn(*inputs: AnyCommand | AnyObservation) -> list[Answer]:
        nonlocal asked
        world.readers(asked % 3)
        asked += 1
        return play(*inputs)

    story.core.turn = turn  # type: ignore[method-assign]
    story.play()
    while (readers := world.readers(2)) is None:
        pass
    for instance in world.partitions:
        assert sorted(readers.of(instance)) == sorted(_who_read(world, instance))


def _who_read(world: World, instance: InstanceId) -> Iterator[InstanceId]:
    for other, state in world.partitions.items():
        live = live_of(state)
        yield from (other for read in (() if live is None else world.reads_of(live)) if read == instance)


RUN_STATES: tuple[tuple[JobRunStateName, ...], ...] = (
    (),
    ("Succeeded",),
    ("Failed", "Canceled", "Succeeded"),
    ("Buffering",),
)
WANT_STATES: tuple[tuple[WantStateName, ...], ...] = ((), ("Successful",), ("Failed", "Canceled", "Idle"))


@pytest.mark.parametrize("seed", range(6))
def test_pages_of_jobruns_together_are_the_whole_list(seed: int) -> None:
    """Broken: going on from a page skips something or shows it twice, or a filter chooses wrongly."""
    board = _board_of_a_story(seed)
    runs, dice = board.world.runs, Random(seed)
    head = head_of(dice.choice(list(runs.values())))
    for states in RUN_STATES:
        for job, want in (("", ""), (head.job, ""), ("", head.want), (head.job, head.want), ("nobody", "")):
            own = [
                run
                for run, state in runs.items()
                if (job in ("", head_of(state).job) and want in ("", head_of(state).want))
                and (not states or type(state).__name__ in states)
            ]
            for order, limit in ORDERS:
                chosen = JobRunFilter(job, states, want, order, limit=limit)
                found = _walk(lambda after: _ids(jobruns.jobruns(board, replace(chosen, after=after))))  # noqa: B023
                assert found == own[:: -1 if order == "newest" else 1]


@pytest.mark.parametrize("seed", range(6))
def test_pages_of_wants_together_are_the_whole_list(seed: int) -> None:
    """Broken: a want is in no list, or in that of another state or ref."""
    board = _board_of_a_story(seed)
    known = board.world.wants
    ref = next(iter(known.values())).spec.refs[0]
    for states in WANT_STATES:
        for named in ("", ref):
            own = [
                key
                for key, state in known.items()
                if (not states or type(state).__name__ in states) and (not named or named in state.spec.refs)
            ]
            for order, limit in ORDERS:
                chosen = WantFilter(states, named, order, limit=limit)
                found = _walk(lambda after: _ids(wants.wants(board, replace(chosen, after=after))))  # noqa: B023
                assert found == own[:: -1 if order == "newest" else 1]


@pytest.mark.parametrize("seed", range(6))
def test_pages_of_partitions_together_are_the_whole_list(seed: int) -> None:
    """Broken: a ref is in no list, or in a wrong place, or in that of another state, beginning or glob."""
    board = _board_of_a_story(seed)
    for which, held in (("newest", board.holdings.newest), ("canonical", board.holdings.canonical)):
        some = sorted(held)[len(held) // 2]
        for states in ((), ("Live",), ("Failed", "Tainted", "Building")):
            inner, end = f"**{some[1:3]}**", f"{some[0]}*{some[-2:]}"
            for prefix, glob in (
                ("", ""),
                (some[:3], ""),
                ("", f"{some[:2]}*"),
                (some[:1], "*"),
                ("zz", "a*"),
                ("", inner),
                (some[:1], inner),
                ("", end),
                ("", "**nowhere*"),
            ):
                own = [
                    ref
                    for ref in sorted(held)
                    if ref.startswith(prefix)
                    and _named(ref, glob)
                    and (not states or type(board.world.partitions[held[ref]]).__name__ in states)
                ]
                for limit in (1, 3, 1_000):
                    chosen = convert(
                        {"pattern": glob, "prefix": prefix, "states": states, "which": which, "limit": limit},
                        PartitionFilter,
                    )
                    found = _walk(
                        lambda after: [
                            view.ref
                            for view in at_once(partitions.partitions(board, place, replace(chosen, after=after)))  # noqa: B023
                        ]
                    )
                    assert found == own


def _named(ref: str, glob: str) -> bool:
    """Whether a glob with at most one single star, or none but double ones, names a ref."""
    begin, _, end = glob.partition("*")
    within = "/" not in ref[len(begin) : len(ref) - len(end)]
    return not glob or (fnmatchcase(ref, glob) and (within or "**" in glob))


ORDERS: tuple[tuple[Order, int], ...] = (("oldest", 1), ("newest", 3), ("oldest", 1_000))


def _board_of_a_story(seed: int) -> Board:
    story = Story(seed)
    story.play()
    return story.core.board


def _ids(work: Pausing[tuple[WantView | JobRunView, ...]]) -> list[str]:
    return [view.id for view in at_once(work)]


def _walk(page: Callable[[str], list[str]]) -> list[str]:
    """All pages, each asked for with the mark of the last item of the one before."""
    found: list[str] = []
    while more := page(found[-1] if found else ""):
        found.extend(more)
    return found


# ---------------------------------------------------------------------------------------------------- what a page costs

MANY = """
[application]
name = "many"
[pools]
default = 100000
[limits]
refs_per_want = 100000
[[job]]
name = "leaf"
outputs = ["leaf/{n:int}"]
command = ["leaf"]
"""

SIZE, PAGE = 3_000, 20

EVERYTHING = "a page looks at everything there is"


class Counted(dict[str, object]):
    """Counts how many entries of it are looked at, and cannot be gone through."""

    looks = 0

    def __getitem__(self, key: str) -> object:
        self.looks += 1
        return super().__getitem__(key)

    def __iter__(self) -> NoReturn:
        raise AssertionError(EVERYTHING)

    def keys(self) -> NoReturn:
        raise AssertionError(EVERYTHING)

    def values(self) -> NoReturn:
        raise AssertionError(EVERYTHING)

    def items(self) -> NoReturn:
        raise AssertionError(EVERYTHING)


@pytest.fixture(scope="module")
def many() -> Board:
    core = Core(MANY)
    core.want(*(f"leaf/{number}" for number in range(SIZE)))
    core.play(lambda run: ended(run, code=run.spec.outputs[0].ref.endswith("/2999")))
    assert at_once(partitions.partitions(core.board, place, PartitionFilter(limit=1)))
    return core.board


@pytest.mark.parametrize(
    "chosen",
    [
        JobRunFilter(limit=PAGE),
        JobRunFilter(states=("Failed",), limit=PAGE),
        JobRunFilter(job="leaf", states=("Failed",), order="newest", limit=PAGE),
        JobRunFilter(states=("Running",), limit=PAGE),
        PartitionFilter(limit=PAGE),
        PartitionFilter(after="leaf/2", limit=PAGE),
        PartitionFilter(prefix="leaf/29", limit=PAGE),
        PartitionFilter(states=("Failed", "Tainted"), limit=PAGE),
        PartitionFilter(pattern="leaf/*7", which="canonical", limit=PAGE),
    ],
    ids=str,
)
def test_a_page_looks_at_what_is_on_it(
    many: Board, chosen: JobRunFilter | PartitionFilter, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Broken: a list takes the longer the more there is, until it cannot be used with a million partitions."""
    runs, instances = Counted(many.world.runs.items()), Counted(many.world.partitions.items())
    monkeypatch.setattr(many.world, "runs", runs)
    monkeypatch.setattr(many.world, "partitions", instances)
    if isinstance(chosen, JobRunFilter):
        found = len(at_once(jobruns.jobruns(many, chosen)))
    else:
        found = len(at_once(partitions.partitions(many, place, chosen)))
    assert runs.looks + instances.looks <= 5 * found + 5


@pytest.mark.parametrize("glob", ["leaf/*997", "leaf/29*", "**99*1", "*/1*1", "**f/7*3", "*"])
def test_a_glob_finds_what_it_names_in_all_blocks(many: Board, glob: str) -> None:
    """Broken: neighbours are passed over that a glob names."""
    found = [view.ref for view in at_once(partitions.partitions(many, place, PartitionFilter(pattern=glob)))]
    every = sorted(f"leaf/{number}" for number in range(SIZE))
    assert found == [ref for ref in every if fnmatchcase(ref, glob) and glob != "*"]


def test_a_ref_that_comes_later_is_put_in_its_place(many: Board) -> None:
    """Broken: what is new is missing in lists, or blocks of refs overlap when they are split."""
    world = many.world
    assert len(world.partitions) > 5 * BLOCK_MAX
    assert list(refs_are_in_order(world)) == []


def test_an_id_is_found_wherever_it_stands() -> None:
    """Broken: a page cannot be gone on from where ids were not minted in order, as in a log that was mended."""
    roll: Roll[RunId] = Roll()
    ids = [RunId(text) for text in ("r1a-9", "r1a-10", "r2b-1", "r10c-3", "r9d-2", "odd", "r10c-1")]
    for run in ids:
        roll.add(run, 1)
    assert [roll.place_of(run) for run in ids] == list(range(len(ids)))
    assert roll.place_of(RunId("r3-1")) is None
