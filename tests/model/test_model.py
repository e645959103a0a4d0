"""The core against the reference model, over random stories: each turn is held against the model and the laws."""

from collections import Counter

import pytest

from tests.model.story import Story, play


def _told(seeds: range) -> Counter[str]:
    counted: Counter[str] = Counter()
    for seed in seeds:
        counted += play(seed)
    return counted


def _never_fired(counted: Counter[str]) -> list[str]:
    """The faults, commands and effects of which a run of stories should have had each at least once."""
    story = Story(0)
    return [name for name in (*story.jobs.faults, *story.commands, *story.effects) if not counted[name]]


def test_the_core_does_what_the_model_says() -> None:
    """If this fails, a want, a case, a slot, a batch, a replay or a restart is not as the design says."""
    counted = _told(range(500))
    assert _never_fired(counted) == [], f"{counted}"


@pytest.mark.long
def test_the_core_does_what_the_model_says_at_length() -> None:
    """If this fails, something that happens rarely is not as the design says."""
    assert _never_fired(_told(range(1_000, 6_000))) == []


def test_a_fault_that_never_fires_is_found() -> None:
    """If this fails, the stories could lose a kind of fault without anybody noticing."""
    assert "lost" in _never_fired(Counter({"exit code": 1}))
