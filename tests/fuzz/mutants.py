"""What is nearly right: values and texts with a fault somewhere, which go further than noise does."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence

from hypothesis import strategies as st

Json = None | bool | int | float | str | list["Json"] | dict[str, "Json"]

BIG = 10**400
TOKENS = (
    *(
        "",
        "\0",
        "\n",
        "\r",
        '"',
        "'",
        "\\",
        "#",
        "=",
        "[",
        "]",
        "[[",
        "]]",
        "{",
        "}",
        "{x}",
        "{x:date}",
        "{x:int(1..2)}",
    ),
    *(
        "..",
        "*",
        "**",
        "/",
        "//",
        "-",
        "é",
        "\u202e",
        "\U0001f600",
        "\x7f",
        "9" * 30,
        "1e999",
        "nan",
        "inf",
        "true",
        "null",
    ),
    *(
        "2013-01-01",
        "2013-13-45",
        "date=2013-01-01..2013-01-31",
        "{a,b}",
        "{start(x)}",
        "{x-1}",
        "1.5h",
        "64KiB",
        "~",
        "$HOME",
    ),
)

TEXTS = st.sampled_from(TOKENS) | st.text(max_size=12)
SCALARS: st.SearchStrategy[Json] = st.one_of(
    st.none(), st.booleans(), st.integers(), st.sampled_from([0, -1, 2**31, 2**63, 2**64, BIG]), st.floats(), TEXTS
)
JUNK: st.SearchStrategy[Json] = st.recursive(
    SCALARS, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXTS, inner, max_size=3), max_leaves=5
)


@st.composite
def cut_and_pasted(draw: st.DrawFn, samples: Sequence[str]) -> str:
    """One of the samples, with up to four pieces of it taken out, doubled, or replaced by something else."""
    text = draw(st.sampled_from(samples))
    for _ in range(draw(st.integers(1, 4))):
        begin = draw(st.integers(0, len(text)))
        end = min(len(text), begin + draw(st.sampled_from([0, 1, 2, 5, 20, 200])))
        piece = draw(TEXTS | st.just(text[begin:end] * 2))
        text = text[:begin] + piece + text[end:]
    return text


@st.composite
def with_a_fault(draw: st.DrawFn, samples: Sequence[Json]) -> Json:
    """One of the samples, with one value in it replaced, left out or added, however deep."""
    return _spoilt(draw, draw(st.sampled_from(samples)))


def _spoilt(draw: st.DrawFn, value: Json) -> Json:
    if isinstance(value, dict) and value and draw(st.integers(0, 5)):
        return _spoilt_table(draw, value)
    if isinstance(value, list) and value and draw(st.integers(0, 5)):
        place = draw(st.integers(0, len(value) - 1))
        return [*value[:place], _spoilt(draw, value[place]), *value[place + 1 :]]
    return draw(JUNK)


def _spoilt_table(draw: st.DrawFn, value: dict[str, Json]) -> Json:
    key = draw(st.sampled_from(sorted(value)))
    match draw(st.sampled_from(["within", "within", "within", "without", "with"])):
        case "without":
            return {name: item for name, item in value.items() if name != key}
        case "with":
            return {**value, draw(TEXTS): draw(JUNK)}
        case _:
            return {**value, key: _spoilt(draw, value[key])}


def line(samples: Sequence[Json]) -> st.SearchStrategy[bytes]:
    """A line of JSON that is right, spoilt, or cut and pasted."""
    texts = [json.dumps(sample) for sample in samples]
    made = st.sampled_from(texts) | with_a_fault(samples).map(json.dumps) | cut_and_pasted(texts)
    return made.map(lambda text: text.encode(errors="replace"))


def lines(samples: Sequence[Json]) -> st.SearchStrategy[bytes]:
    """Some such lines."""
    return st.lists(line(samples), max_size=6).map(lambda told: b"".join(one + b"\n" for one in told))


def toml(value: Mapping[str, Json]) -> str:
    """The value as TOML, every table inline."""
    return "".join(f"{json.dumps(key)} = {_toml(item)}\n" for key, item in value.items() if item is not None)


def _toml(value: Json) -> str:
    match value:
        case dict():
            return "{" + ", ".join(f"{json.dumps(k)} = {_toml(v)}" for k, v in value.items() if v is not None) + "}"
        case list():
            return "[" + ", ".join(_toml(item) for item in value if item is not None) + "]"
        case bool():
            return str(value).lower()
        case float():
            return repr(value)
        case _:
            return json.dumps(value)
