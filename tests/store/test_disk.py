"""What only a store on a disk can get wrong: links, modes, odd files, hostile trees, durability."""

import ctypes
import errno
import os
import socket
import stat
from collections.abc import Callable
from pathlib import Path

import pytest

from orchestrator.store import BadOutput, DiskStore, Sealed
from orchestrator.store import disk as disk_module
from orchestrator.store.disk import sync_file_system
from orchestrator.store.trees import remove_tree
from statemachines.refs import Ref

DAY = Ref("delays/daily/date=2013-01-05")


@pytest.fixture
def store(tmp_path: Path) -> DiskStore:
    return DiskStore(tmp_path / "store")


@pytest.fixture
def output(store: DiskStore) -> Path:
    """A prepared location in which a folder with one file stands."""
    location = store.location(DAY, "1")
    store.prepare([location])
    (location / "sub").mkdir(parents=True)
    (location / "sub" / "file").write_bytes(b"1")
    return location


def digest(store: DiskStore, location: Path) -> str:
    sealed = store.seal(location)
    assert isinstance(sealed, Sealed), sealed
    return sealed.digest


def test_the_digest_is_fixed_for_ever(store: DiskStore, output: Path) -> None:
    """If this failed, data written before an update would look changed after it."""
    (output / "run.sh").write_bytes(b"#!/bin/sh\n")
    (output / "run.sh").chmod(0o755)
    (output / "sub" / "up").symlink_to("../run.sh")
    assert digest(store, output) == "b2fb7c9b9dda11b828da52665c651d68c1ba32d68fec1cb580cc43c7fbeed063"
    assert digest(store, output / "sub" / "file") == "206f4617bf448a9e3b2ee763baf34eda06f70e56b42f2812b5a0c8105b0648a1"


def test_folders_are_private_and_sealed_files_read_only(store: DiskStore, output: Path, tmp_path: Path) -> None:
    """If this failed, others could read the data, or a later job could change what is already in use."""
    (output / "run.sh").touch(mode=0o755)
    store.seal(output)
    above = [parent for parent in output.parents if parent.is_relative_to(tmp_path / "store")]
    assert {stat.S_IMODE(folder.stat().st_mode) for folder in above} == {0o700}
    assert stat.S_IMODE((output / "sub" / "file").stat().st_mode) & 0o222 == 0
    assert stat.S_IMODE((output / "run.sh").stat().st_mode) & 0o322 == 0o100


def test_the_executable_bit_counts_and_times_and_other_modes_do_not(store: DiskStore, output: Path) -> None:
    """If this failed, a rebuilt equal output would differ, or a script that lost its bit would not."""
    before = digest(store, output)
    file = output / "sub" / "file"
    os.utime(file, (1, 1))
    file.chmod(0o644)
    assert digest(store, output) == before
    file.chmod(0o744)
    assert digest(store, output) != before


def test_unreadable_files_of_the_job_are_sealed(store: DiskStore, output: Path) -> None:
    """If this failed, a job with an odd umask would fail for no good reason."""
    before = digest(store, output)
    (output / "sub" / "file").chmod(0o000)
    (output / "sub").chmod(0o000)
    assert digest(store, output) == before


@pytest.mark.parametrize("target", ["sub/file", "./sub//file", "sub", "sub/nothing", "."])
def test_links_that_stay_inside_are_kept(store: DiskStore, output: Path, target: str) -> None:
    """If this failed, outputs could not hold links at all, or a link's target would not count."""
    before = digest(store, output)
    (output / "link").symlink_to(target)
    assert digest(store, output) != before


@pytest.mark.parametrize(
    ("target", "why"),
    [
        ("/etc/passwd", "absolute"),
        ("../@1/sub", "out of the output"),
        ("..", "out of the output"),
        ("sub/../../x", "out of the output"),
        ("sub/..", "out of the output"),
    ],
)
def test_links_that_lead_out_are_refused(store: DiskStore, output: Path, target: str, why: str) -> None:
    """If this failed, an instance would change with something outside, or show its readers other people's files."""
    (output / "link").symlink_to(target)
    answer = store.seal(output)
    assert isinstance(answer, BadOutput)
    assert why in answer.reason
    assert "'link'" in answer.reason


def test_links_deeper_down_may_go_up_to_the_output_and_no_further(store: DiskStore, output: Path) -> None:
    """If this failed, the depth of a link would be counted wrongly."""
    link = output / "sub" / "link"
    link.symlink_to("../sub/file")
    assert isinstance(store.seal(output), Sealed)
    link.unlink()
    link.symlink_to("../../x")
    assert isinstance(store.seal(output), BadOutput)


def make_pipe(path: Path) -> None:
    os.mkfifo(path)


def make_socket(path: Path) -> None:
    folder = os.open(path.parent, os.O_RDONLY)
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(f"/proc/self/fd/{folder}/{path.name}")  # the path itself may be too long for a socket
    os.close(folder)


def make_outside_link(path: Path) -> None:
    outside = path.parents[6] / "outside"
    outside.write_text("mine")
    path.hardlink_to(outside)


@pytest.mark.parametrize(
    ("make", "why"),
    [(make_pipe, "a pipe"), (make_socket, "a socket"), (make_outside_link, "hard link to a file outside")],
)
def test_odd_files_are_refused(store: DiskStore, output: Path, make: Callable[[Path], None], why: str) -> None:
    """If this failed, sealing could hang, or an instance could change after it was sealed."""
    make(output / "odd")
    answer = store.seal(output)
    assert isinstance(answer, BadOutput)
    assert why in answer.reason
    assert "odd'" in answer.reason


def test_an_output_may_not_be_a_link_or_a_pipe_itself(store: DiskStore) -> None:
    """If this failed, the whole output could be somebody else's file."""
    link, pipe = store.location(DAY, "2"), store.location(DAY, "3")
    store.prepare([link, pipe])
    link.symlink_to("/etc/passwd")
    os.mkfifo(pipe)
    assert store.seal(link) == BadOutput("the output is a symbolic link: it has to be a file or a folder")
    assert store.seal(pipe) == BadOutput("the output is a pipe: it has to be a file or a folder")


def test_hard_links_within_an_output_are_kept(store: DiskStore, output: Path) -> None:
    """If this failed, tools that link equal files within their output could not be used."""
    (output / "again").hardlink_to(output / "sub" / "file")
    linked = digest(store, output)
    (output / "again").unlink()
    (output / "again").write_bytes(b"1")
    assert digest(store, output) == linked


def test_names_in_any_encoding(store: DiskStore, output: Path) -> None:
    """If this failed, one odd file name would crash the daemon or make its reason unprintable."""
    odd = os.fsencode(output) + b"/\xff\n'"
    Path(os.fsdecode(odd)).touch()
    assert isinstance(store.seal(output), Sealed)
    Path(os.fsdecode(odd)).unlink()
    os.mkfifo(odd)
    answer = store.seal(output)
    assert isinstance(answer, BadOutput)
    answer.reason.encode()
    assert "\n" not in answer.reason


def deep_tree(root: Path, depth: int) -> None:
    """Make a tree whose path is longer than the system can name."""
    here = os.open(root, os.O_RDONLY)
    for _ in range(depth):
        os.mkdir("deeper", dir_fd=here)
        below = os.open("deeper", os.O_RDONLY, dir_fd=here)
        os.close(here)
        here = below
    os.close(os.open("file", os.O_CREAT | os.O_WRONLY, dir_fd=here))
    os.close(here)


def test_a_hostile_tree_is_refused_and_removed(store: DiskStore, output: Path) -> None:
    """If this failed, a job could crash the daemon, or leave what it can never delete."""
    deep_tree(output, 1500)
    (output / ".%moved-0-0").mkdir()
    (output / "sub").chmod(0o500)
    answer = store.seal(output)
    assert isinstance(answer, BadOutput)
    assert "File name too long" in answer.reason
    store.remove(output)
    assert not os.path.lexists(output)


def test_removing_follows_no_link(tmp_path: Path) -> None:
    """If this failed, deleting an instance could delete a user's files."""
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "file").touch()
    (tmp_path / "tree" / "sub").mkdir(parents=True)
    (tmp_path / "tree" / "sub" / "link").symlink_to(tmp_path / "mine")
    (tmp_path / "tree" / "link").symlink_to(tmp_path / "mine")
    (tmp_path / "link").symlink_to(tmp_path / "mine")
    remove_tree(tmp_path / "tree")
    remove_tree(tmp_path / "link")
    assert [path.name for path in tmp_path.iterdir()] == ["mine"]
    assert (tmp_path / "mine" / "file").exists()


def test_the_link_tree_gives_plain_paths(store: DiskStore, output: Path, tmp_path: Path) -> None:
    """If this failed, people and tools could not open data by its name, or not after moving the store."""
    store.publish("local", DAY, output)
    (tmp_path / "store").rename(tmp_path / "moved")
    assert (tmp_path / "moved" / "current" / "local" / DAY / "sub" / "file").read_bytes() == b"1"


def test_the_link_tree_with_a_ref_below_another(store: DiskStore, tmp_path: Path) -> None:
    """If this failed, a link would be written into the output of another ref, or lie elsewhere than documented."""
    tree = tmp_path / "store" / "current" / "local"
    for name in ("a", "a/b", "c"):
        location = store.location(Ref(name), "1")
        store.prepare([location])
        location.mkdir()
        (location / "file").write_text(name)
        store.publish("local", Ref(name), location)
    assert (tree / "a" / "@" / "file").read_text() == "a"
    assert (tree / "a" / "b" / "file").read_text() == "a/b"
    assert (tree / "c" / "file").read_text() == "c"
    assert [path.name for path in store.location(Ref("a"), "1").iterdir()] == ["file"]
    for name in ("a", "a/b", "c"):
        store.unpublish("local", Ref(name))
    assert not tree.exists()


def test_publishing_again_repairs_what_a_crash_left(store: DiskStore, output: Path, tmp_path: Path) -> None:
    """If this failed, one kill at the wrong instant would break a link for good."""
    tree = tmp_path / "store" / "current" / "local"
    tree.mkdir()
    (tree / ".a").symlink_to("nowhere")
    (tree / ".a%").mkdir()
    (tree / ".a%" / "@").symlink_to("nowhere")
    store.publish("local", Ref("a"), output)
    store.publish("local", Ref("a/b"), output)
    assert store.published("local", Ref("a")) == store.published("local", Ref("a/b")) == output
    assert sorted(path.name for path in tree.iterdir()) == ["a"]


def test_syncing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """If this failed, a disk that refuses to store would be taken to have stored."""
    sync_file_system(tmp_path)

    def refuse(handle: int) -> int:
        ctypes.set_errno(errno.EIO)
        return -1

    monkeypatch.setattr(disk_module, "_syncfs", lambda: refuse)
    with pytest.raises(OSError, match="Input/output error"):
        DiskStore(tmp_path / "store").sync()
    synced: list[bool] = []
    monkeypatch.setattr(disk_module, "_syncfs", lambda: None)
    monkeypatch.setattr(os, "sync", lambda: synced.append(True))
    DiskStore(tmp_path / "store").sync()
    assert synced == [True]
