"""Fingerprints: what changes them, and what must not."""

import shutil
from pathlib import Path

import pytest
from msgspec.structs import replace

from orchestrator.catalog.fingerprint import fingerprint
from orchestrator.config import InputTable, JobTable

JOB = JobTable(
    name="j",
    outputs=("a/{x}",),
    inputs=("b/{x}",),
    command=("python", "jobs/a.py", "word " * 200, "\0", "/etc/hostname"),
    env={"A": "1", "B": "2"},
    sources=("common/**/*.py", "links/*"),
)
PYTHON_JOB = JobTable(name="p", outputs=("p",), python="jobs.module:build")
PACKAGE_JOB = JobTable(name="p", outputs=("p",), python="jobs.package:build")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    app = tmp_path / "app"
    for name in (
        "jobs/a.py",
        "jobs/module.py",
        "jobs/package/__init__.py",
        "common/one.py",
        "common/deep/two.py",
        "other.py",
    ):
        (app / name).parent.mkdir(parents=True, exist_ok=True)
        (app / name).write_text(name)
    (tmp_path / "outside.py").write_text("outside")
    (app / "links").mkdir()
    (app / "links/out.py").symlink_to(tmp_path / "outside.py")
    (app / "links/loop").symlink_to("loop")
    (app / "links/folder").symlink_to(tmp_path)
    return app


def test_is_short_and_the_same_everywhere(folder: Path, tmp_path: Path) -> None:
    """Nothing built on one machine could be used again on another."""
    copy = shutil.copytree(folder, tmp_path / "elsewhere", symlinks=True)
    assert len(fingerprint(JOB, folder)) == 32
    assert fingerprint(JOB, folder) == fingerprint(JOB, copy)
    link = tmp_path / "link"
    link.symlink_to(folder)
    assert fingerprint(JOB, folder) == fingerprint(JOB, link)


@pytest.mark.parametrize(
    "changed",
    [
        replace(JOB, command=("python", "jobs/a.py", "more")),
        replace(JOB, outputs=("c/{x}",)),
        replace(JOB, inputs=(InputTable("b/{x}", "query"),)),
        replace(JOB, env={"A": "1", "B": "3"}),
        replace(JOB, configure=("other.py",)),
        replace(JOB, sources=()),
    ],
)
def test_a_change_of_the_job_shows(folder: Path, changed: JobTable) -> None:
    """Old data would be taken for what the changed job makes."""
    assert fingerprint(JOB, folder) != fingerprint(changed, folder)


@pytest.mark.parametrize(
    ("job", "name"),
    [
        (JOB, "jobs/a.py"),
        (JOB, "common/one.py"),
        (JOB, "common/deep/two.py"),
        (PYTHON_JOB, "jobs/module.py"),
        (PACKAGE_JOB, "jobs/package/__init__.py"),
    ],
)
def test_a_change_of_a_file_shows(folder: Path, job: JobTable, name: str) -> None:
    """An edited job would not be seen as changed."""
    before = fingerprint(job, folder)
    (folder / name).write_text("edited")
    assert fingerprint(job, folder) != before


def test_a_file_may_not_change_its_name_with_another(folder: Path) -> None:
    """Contents alone, without their places, would make two different applications equal."""
    before = fingerprint(JOB, folder)
    (folder / "common/one.py").write_text("common/deep/two.py")
    (folder / "common/deep/two.py").write_text("common/one.py")
    assert fingerprint(JOB, folder) != before


def test_what_the_job_is_not_made_of_does_not_show(folder: Path, tmp_path: Path) -> None:
    """Every edit anywhere would rebuild everything."""
    before = fingerprint(JOB, folder)
    (folder / "other.py").write_text("edited")
    (tmp_path / "outside.py").write_text("edited")
    for by_product in ("common/__pycache__/one.py", "common/.hidden/three.py", "common/notes.txt"):
        (folder / by_product).parent.mkdir(exist_ok=True)
        (folder / by_product).write_text("new")
    assert fingerprint(JOB, folder) == before
    changed = replace(JOB, name="k", description="d", slots=2, priority=5, env={"B": "2", "A": "1"})
    assert fingerprint(changed, folder) == before


def test_the_order_of_globs_does_not_show(folder: Path) -> None:
    """Sorting a list in the configuration would rebuild everything."""
    assert fingerprint(replace(JOB, sources=JOB.sources[::-1]), folder) == fingerprint(JOB, folder)
