"""What the log refuses it refuses in words: which entry, which file, and what to do."""

import inspect
from pathlib import Path

import pytest

from bel import errors
from bel.entry import Entry
from bel.errors import BadBatch, BelError
from bel.memory import MemoryStore
from bel.stored import StoredLog
from tests.bel.toy import CODEC, Event, puts

CLASSES = [
    found
    for found in vars(errors).values()
    if isinstance(found, type) and issubclass(found, BelError) and found is not BelError
]


def made(error: type[BelError]) -> tuple[BelError, list[str]]:
    """Make an error of sample arguments, and say which of them its words have to hold."""
    samples: dict[str, object] = {"int": 4711, "int | None": 4711, "str": "a detail", "Path": Path("/a/file")}
    wanted = [
        samples[str(one.annotation).removeprefix("<class '").removesuffix("'>").rpartition(".")[2]]
        for one in inspect.signature(error).parameters.values()
        if one.kind is not inspect.Parameter.KEYWORD_ONLY
    ]
    return error(*wanted), [str(one) for one in wanted]  # type: ignore[arg-type]  # as the signature says


@pytest.mark.parametrize("error", CLASSES, ids=lambda error: error.code)
def test_a_refusal_tells_what_it_knows(error: type[BelError]) -> None:
    """Broken: somebody with a damaged log reads a bare class name, and not which entry of which file it is."""
    refused, known = made(error)
    assert all(one in str(refused) or one == str(refused.seq) for one in known)
    assert len(str(refused)) > len(" ".join(known)) or known == ["a detail"]
    assert refused.seq in {None, 4711}


def test_no_two_refusals_share_a_code() -> None:
    """Broken: a caller that goes by the code takes one refusal for another."""
    assert len({error.code for error in CLASSES}) == len(CLASSES) > 20


WRONG: dict[str, list[Entry[Event]]] = {
    "calls itself 5": [*puts(3, 1), *puts(5, 1)],
    "says batch 4, its batch begins at 3": [*puts(3, 1), *puts(4, 1)],
    "its time is -1": puts(3, 1, at=-1),
}


@pytest.mark.asyncio
@pytest.mark.parametrize("words", WRONG)
async def test_a_wrong_batch_is_told_what_is_wrong_with_it(words: str) -> None:
    """Broken: a bug of the loop is looked for in the wrong field."""
    log = await StoredLog[Event].open(MemoryStore(), CODEC)
    epoch = await log.take_epoch()
    await log.append(puts(1, 2), epoch=epoch)
    with pytest.raises(BadBatch, match=words):
        await log.append(WRONG[words], epoch=epoch)
