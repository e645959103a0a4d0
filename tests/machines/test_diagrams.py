"""The pages about the states say what the machines say."""

import re
from pathlib import Path

import pytest

from docs.states.generate import HERE, pages
from tests.machines.samples import MACHINES, Machine, name_of

STALE = "run python docs/states/generate.py"


@pytest.mark.parametrize("path", pages(), ids=lambda path: path.name)
def test_pages_are_fresh(path: Path) -> None:
    """The documentation would show machines that are no longer the ones that run."""
    assert path.read_text(encoding="utf-8") == pages()[path], STALE


def test_there_is_no_other_page() -> None:
    """A page of a machine that is gone, or was renamed, would stay behind."""
    assert sorted(HERE.glob("*.md")) == sorted(pages())


@pytest.mark.parametrize("machine", MACHINES, ids=lambda machine: machine.name)
def test_drawing_has_every_edge(machine: Machine) -> None:
    """A cleaned drawing could have lost an arrow with the noise."""
    page = pages()[HERE / f"{machine.name.lower()}.md"]
    drawn = set(re.findall(r"^  (\S+) --> (\S+): (\w+)$", page, flags=re.MULTILINE))
    assert drawn == {
        ("[*]" if edge.source is None else edge.source.__name__, edge.target.__name__, edge.event.__name__)
        for edge in machine.edges
    }
    ends = set(re.findall(r"^  (\w+) --> \[\*\]$", page, flags=re.MULTILINE))
    assert ends == {name_of(state) for state in machine.states} - {source for source, _, _ in drawn}


@pytest.mark.parametrize("machine", MACHINES, ids=lambda machine: machine.name)
def test_every_state_and_event_has_a_meaning(machine: Machine) -> None:
    """A reader would find a state or an event on the page without a word on what it means."""
    page = pages()[HERE / f"{machine.name.lower()}.md"]
    named = {*map(name_of, machine.states), *map(name_of, machine.events)}
    explained = set(re.findall(r"^\| (\w+) \|.*[^ |] \|$", page, flags=re.MULTILINE))
    assert named <= explained
