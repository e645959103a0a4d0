"""What every partition store does, tried on each of them."""

from collections.abc import Callable, Mapping
from pathlib import Path

import pytest

from orchestrator.store import Absent, BadOutput, DiskStore, MemoryStore, PartitionStore, Sealed
from statemachines.refs import Ref

DAY = Ref("delays/daily/date=2013-01-05")
MONTH = Ref("delays/monthly/month=2013-01")
Content = bytes | Mapping[str, bytes]


class Stage:
    """A store, and a job that leaves something at a location of it."""

    def __init__(self, store: PartitionStore, write: Callable[[Path, Content], None]) -> None:
        self.store = store
        self._write = write

    def made(self, ref: Ref, instance: str, content: Content) -> Path:
        location = self.store.location(ref, instance)
        self.store.prepare([location])
        self._write(location, content)
        return location

    def digest(self, instance: str, content: Content) -> str:
        sealed = self.store.seal(self.made(DAY, instance, content))
        assert isinstance(sealed, Sealed)
        return sealed.digest


def write_to_disk(location: Path, content: Content) -> None:
    if isinstance(content, bytes):
        location.write_bytes(content)
        return
    location.mkdir()
    for name, inner in content.items():
        (location / name).parent.mkdir(parents=True, exist_ok=True)
        (location / name).write_bytes(inner)


def on_disk(tmp_path: Path) -> Stage:
    return Stage(DiskStore(tmp_path / "store"), write_to_disk)


def in_memory(_: Path) -> Stage:
    store = MemoryStore()
    return Stage(store, store.write)


@pytest.fixture(params=[on_disk, in_memory])
def stage(request: pytest.FixtureRequest, tmp_path: Path) -> Stage:
    make: Callable[[Path], Stage] = request.param
    return make(tmp_path)


CONTENTS: list[Content] = [
    b"",
    b"a",
    b"a" * 3_000_000,
    {},
    {"a": b""},
    {"a": b"a"},
    {"b": b"a"},
    {"a/b": b"a"},
    {"a": b"a", "b": b""},
    {"a-b": b"1", "a/b": b"2", "a.b": b"3"},
]


def test_instances_never_share_a_place(stage: Stage) -> None:
    """If this failed, one instance would overwrite another."""
    refs = [DAY, MONTH, Ref("a"), Ref("a/b"), Ref("a/b/c"), Ref("a/@b"), Ref("current/local/a"), Ref("local/a")]
    places = {stage.store.location(ref, instance) for ref in refs for instance in ("1", "2", "b", "b/c")}
    assert len(places) == len(refs) * 4
    for place in places:
        assert not places.intersection(place.parents)


def test_a_place_is_the_same_for_ever(stage: Stage) -> None:
    """If this failed, outputs would not be found again after a restart."""
    assert stage.store.location(DAY, "1") == stage.store.location(DAY, "1")
    assert stage.store.location(DAY, "1").parent.match("*/delays/daily/date=2013-01-05")


def test_nothing_there_is_absent(stage: Stage) -> None:
    """If this failed, a job that made nothing would be taken to have made something."""
    location = stage.store.location(DAY, "1")
    assert stage.store.seal(location) == Absent()
    stage.store.prepare([location])
    assert stage.store.seal(location) == Absent()


@pytest.mark.parametrize("content", CONTENTS, ids=range(len(CONTENTS)))
def test_equal_content_has_an_equal_digest_in_every_store(stage: Stage, content: Content) -> None:
    """If this failed, rebuilding equal data would not stop the wave, or simulation would differ from reality."""
    first, second = stage.made(DAY, "1", content), stage.made(MONTH, "2", content)
    elsewhere = in_memory(Path())
    assert (
        stage.store.seal(first) == stage.store.seal(second) == elsewhere.store.seal(elsewhere.made(DAY, "1", content))
    )


def test_different_content_has_different_digests(stage: Stage) -> None:
    """If this failed, changed data would not be rebuilt from."""
    assert len({stage.digest(str(number), content) for number, content in enumerate(CONTENTS)}) == len(CONTENTS)


def test_a_seal_tells_the_extent(stage: Stage) -> None:
    """If this failed, listings would show wrong sizes."""
    folder = stage.store.seal(stage.made(DAY, "1", {"a/b": b"123", "c": b"45"}))
    file = stage.store.seal(stage.made(DAY, "2", b"123"))
    assert isinstance(folder, Sealed)
    assert isinstance(file, Sealed)
    assert (folder.size_bytes, folder.files) == (5, 2)
    assert (file.size_bytes, file.files) == (3, 1)
    assert len(file.digest) == len(folder.digest) == 64


def test_sealing_again_says_the_same(stage: Stage) -> None:
    """If this failed, a daemon that was killed while sealing could not do it again."""
    location = stage.made(DAY, "1", {"a/b": b"123"})
    assert stage.store.seal(location) == stage.store.seal(location)


def test_links_follow_the_newest(stage: Stage) -> None:
    """If this failed, people would find old data under the plain path."""
    first, second = stage.made(DAY, "1", b"1"), stage.made(DAY, "2", b"2")
    assert stage.store.published("local", DAY) is None
    for location in (first, second, second):
        stage.store.publish("local", DAY, location)
        assert stage.store.published("local", DAY) == location
    stage.store.publish("dev@x/../y", DAY, first)
    assert stage.store.published("local", DAY) == second
    stage.store.unpublish("local", DAY)
    stage.store.unpublish("local", DAY)
    assert stage.store.published("local", DAY) is None
    assert stage.store.published("dev@x/../y", DAY) == first


def test_a_ref_below_another_ref(stage: Stage) -> None:
    """If this failed, `a` and `a/b` could not both be built, in one order or the other."""
    short, middle, long = Ref("a"), Ref("a/b"), Ref("a/b/c")
    for order in ((short, middle, long), (long, middle, short), (middle, long, short)):
        made = {ref: stage.made(ref, f"{order}", b"x") for ref in order}
        for ref in order:
            stage.store.publish("local", ref, made[ref])
        assert {ref: stage.store.published("local", ref) for ref in order} == made
        stage.store.unpublish("local", order[0])
        assert [stage.store.published("local", ref) for ref in order] == [None, made[order[1]], made[order[2]]]
        for ref in order[1:]:
            stage.store.unpublish("local", ref)


def test_removed_bytes_are_gone_and_only_those(stage: Stage) -> None:
    """If this failed, collection would leave data behind or take too much."""
    gone, kept = stage.made(DAY, "1", {"a/b": b"1"}), stage.made(DAY, "2", b"2")
    stage.store.seal(gone)
    stage.store.remove(gone)
    stage.store.remove(gone)
    assert stage.store.seal(gone) == Absent()
    assert isinstance(stage.store.seal(kept), Sealed)


def test_only_instances_can_be_removed(stage: Stage) -> None:
    """If this failed, one wrong path in the daemon could delete a user's files."""
    place = stage.store.location(DAY, "1")
    for path in (place.parent, Path("/tmp/@x"), place.parent.joinpath(*[".."] * 20, "@x")):
        with pytest.raises(ValueError, match="nothing was deleted"):
            stage.store.remove(path)


def test_what_is_synced_survives_a_power_failure_of_the_simulation() -> None:
    """If this failed, simulation could not find a daemon that shows an output before its bytes are safe."""
    store = MemoryStore()
    safe, unsafe = store.location(DAY, "1"), store.location(DAY, "2")
    store.prepare([safe, unsafe])
    store.write(safe, b"1")
    store.sync()
    store.write(unsafe, b"2")
    store.lose_power()
    assert isinstance(store.seal(safe), Sealed)
    assert store.seal(unsafe) == Absent()
    with pytest.raises(FileNotFoundError, match="not prepared"):
        store.write(store.location(MONTH, "1"), b"")


def test_answers_travel_as_json() -> None:
    """If this failed, answers of a store could not be told apart once they are written down."""
    import msgspec

    for answer in (Sealed("00", 1, 1), Absent(), BadOutput("x")):
        line = msgspec.json.encode(answer)
        assert msgspec.json.decode(line, type=Sealed | Absent | BadOutput) == answer
