"""What gets installed is pinned, hashed, says nothing of where it was fetched, and is what the project asks for."""

from __future__ import annotations

import re

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from tests.house.source import ROOT, settings

ADDRESS = re.compile(r"://|^\s*(-i|-f|--(extra-)?index-url|--find-links|--trusted-host)\b| @ ", re.MULTILINE)
COMPILED = ("build.txt", "runtime.txt", "dev.txt")


def read(name: str) -> str:
    """Read one requirements file."""
    return (ROOT / "requirements" / name).read_text(encoding="utf-8")


def pins(text: str) -> dict[str, Requirement]:
    """Read a compiled file: each package with the one version it is pinned to."""
    lines = (line.removesuffix("\\").strip() for line in text.splitlines() if re.match(r"[a-z0-9]", line))
    return {canonicalize_name(requirement.name): requirement for requirement in map(Requirement, lines)}


def unhashed(text: str) -> list[str]:
    """List the packages of a compiled file that no hash stands below."""
    blocks = re.split(r"^(?=[a-z0-9])", text, flags=re.MULTILINE)
    return [block.splitlines()[0] for block in blocks if re.match(r"[a-z0-9]", block) and "--hash=sha256:" not in block]


def asked_for(*extras: str) -> list[Requirement]:
    """List what the project itself asks for."""
    project = settings()["project"]
    texts = project["dependencies"] + [text for extra in extras for text in project["optional-dependencies"][extra]]
    return [Requirement(text) for text in texts]


@pytest.mark.parametrize("name", [*COMPILED, "build.in", "dev.in"])
def test_no_requirements_file_holds_an_address(name: str) -> None:
    """Broken: an installation depends on the machine the file was compiled on."""
    assert ADDRESS.search(read(name)) is None


@pytest.mark.parametrize("name", COMPILED)
def test_every_package_is_pinned_and_hashed(name: str) -> None:
    """Broken: what is installed tomorrow is not what was tested today."""
    assert unhashed(read(name)) == []
    assert [pin for pin in pins(read(name)).values() if not str(pin.specifier).startswith("==")] == []


@pytest.mark.parametrize(("name", "extras"), [("runtime.txt", ()), ("dev.txt", ("flights", "otel"))])
def test_the_pins_are_what_the_project_asks_for(name: str, extras: tuple[str, ...]) -> None:
    """Broken: pyproject.toml was changed without `make lock`."""
    pinned = pins(read(name))
    stale = [
        str(wanted)
        for wanted in asked_for(*extras)
        if (pin := pinned.get(canonicalize_name(wanted.name))) is None
        or not wanted.specifier.contains(str(pin.specifier).removeprefix("=="))
    ]
    assert stale == []


@pytest.mark.parametrize("name", ["build.txt", "runtime.txt"])
def test_all_files_pin_the_same_versions(name: str) -> None:
    """Broken: the tests run on other versions than users get."""
    released, tested = pins(read(name)), pins(read("dev.txt"))
    assert {name: pin.specifier for name, pin in released.items()} == {
        name: tested[name].specifier for name in released
    }


def test_what_is_wrong_with_a_file_is_seen() -> None:
    """Broken: the readers above are blind, and the tests cannot fail."""
    assert all(map(ADDRESS.search, ("--index-url x", "-f x", "a @ file", "https://x", "a==1\n--find-links x")))
    assert unhashed("a==1 \\\n    --hash=sha256:0\nb==2\n    # via a\n") == ["b==2"]
