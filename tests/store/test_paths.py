"""Names of files for names of data: safe, distinct, readable."""

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from orchestrator.store.paths import instance_path, ref_path

segments = st.text(st.sampled_from("ab%~@.-_=/ %\n\x00é日/")) | st.sampled_from(["current", "..", ".", "", "@", "%~"])
refs = st.lists(segments | st.text(), min_size=1, max_size=4).map("/".join)
long_refs = st.tuples(refs, st.integers(1, 300)).map(lambda drawn: (drawn[0] + "日") * drawn[1])


@pytest.mark.parametrize(
    ("ref", "path"),
    [
        ("delays/daily/date=2013-01-05", "delays/daily/date=2013-01-05"),
        ("Flights/raw_2/hour=2013-01-05T07:00+01:00,x@y~z", "Flights/raw_2/hour=2013-01-05T07:00+01:00,x@y~z"),
        ("../a/./.hidden", "%2E./a/%2E/%2Ehidden"),
        ("-rf/~/@x", "%2Drf/%7E/%40x"),
        ("a//b/", "a/%~/b/%~"),
        ("100%/a b\n", "100%25/a%20b%0A"),
        ("current/local/a", "%63urrent/local/a"),
        ("a/current", "a/current"),
        ("café", "caf%C3%A9"),
        ("", "%~"),
    ],
)
def test_names(ref: str, path: str) -> None:
    """If this failed, ordinary refs would not be recognised on disk, or stores would not find what they wrote."""
    assert ref_path(ref) == path
    assert instance_path(ref, "pi-1") == f"{path}/@pi-1"


@given(refs | long_refs)
@example("x" * 201)
@example("日/" * 500)
def test_any_ref_has_a_safe_name(ref: str) -> None:
    """If this failed, a hostile ref could leave the store, hide in it, or be refused by the file system."""
    path = instance_path(ref, ref)
    parts = path.split("/")
    assert len(path) < 1_300
    assert path.isascii()
    assert path.isprintable()
    assert all(0 < len(part) <= 200 for part in parts)
    assert not any(part[0] in "-.~" for part in parts)
    assert [part[0] == "@" for part in parts] == [False] * (len(parts) - 1) + [True]
    assert parts[0] != "current"


@given(st.lists(refs | long_refs, unique=True, max_size=30))
@example(["x" * 201, "x" * 202, "x" * 100 + "%~"])
@example(["%~", "", "%25~", "/"])
@example(["current", "%63urrent"])
def test_two_refs_never_share_a_name(many: list[str]) -> None:
    """If this failed, two partitions would overwrite each other."""
    assert len({ref_path(ref) for ref in many}) == len(many)


@given(refs, refs, refs, refs)
def test_an_instance_is_never_above_a_ref(ref: str, instance: str, other: str, another: str) -> None:
    """If this failed, data of one ref would lie inside the output of another."""
    inner, outer = instance_path(other, another), instance_path(ref, instance)
    assert not inner.startswith(outer + "/")
    assert (inner == outer) == ((ref, instance) == (other, another))
