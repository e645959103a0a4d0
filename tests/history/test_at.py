"""What people write for a moment means what they think, or is refused in words."""

from pathlib import Path

import pytest

from bel.open import open_reader
from orchestrator.history.at import FORMS, AtSeq, AtTime, NoMoment, find_moment, parse_at
from orchestrator.runtime.codec import CODEC
from orchestrator.views.looking import iso
from statemachines.ids import SECOND_US, Timestamp
from tests.history.logs import layers, write_log

NOW = Timestamp(1_800_000_000 * SECOND_US)


@pytest.mark.parametrize(
    ("text", "meant"),
    [
        ("0", AtSeq(0)),
        ("1234", AtSeq(1234)),
        ("-2h", AtTime(Timestamp(NOW - 7_200 * SECOND_US))),
        ("-1.5s", AtTime(Timestamp(NOW - 1_500_000))),
        ("1970-01-02", AtTime(Timestamp(86_400 * SECOND_US))),
        ("1970-01-01T00:00:01.000001Z", AtTime(Timestamp(1_000_001))),
        ("1970-01-01T02:00:00+01:00", AtTime(Timestamp(3_600 * SECOND_US))),
        ("1970-01-01 00:01", AtTime(Timestamp(60 * SECOND_US))),
        (iso(NOW + 1), AtTime(Timestamp(NOW + 1))),
    ],
)
def test_a_moment_is_read_as_it_is_meant(text: str, meant: AtSeq | AtTime) -> None:
    """Broken: somebody is shown another moment than the one that was asked for."""
    assert parse_at(text, NOW) == meant


@pytest.mark.parametrize(
    "text", ["", "-", "now", "-2", "-h", "2h", "--at", "1e3", "-9999999d", "²", "0001-01-01", "9999-12-31", "9" * 50]
)
def test_what_is_no_moment_is_refused_with_the_forms(text: str) -> None:
    """Broken: a typing error is taken for a moment, or ends in a traceback."""
    with pytest.raises(NoMoment) as refused:
        parse_at(text, NOW)
    assert refused.value.hint == FORMS
    assert not refused.value.outside


@pytest.mark.asyncio
async def test_moments_are_ends_of_batches_within_the_log(tmp_path: Path) -> None:
    """Broken: the middle of a turn is shown, or what lies outside the log is answered as if it were there."""
    batches = layers(300)
    await write_log(tmp_path / "bel.sqlite", batches)
    async with await open_reader(tmp_path / "bel.sqlite", CODEC) as log:
        second = batches[1]
        first_seq, last_seq = second.facts[0].seq, second.facts[-1].seq
        assert (await find_moment(log, str(first_seq), NOW)).seq == first_seq - 1
        assert await find_moment(log, str(last_seq), NOW) == (last_seq, second.at)
        assert await find_moment(log, iso(second.at), NOW) == (last_seq, second.at)
        assert (await find_moment(log, iso(second.at - 1), NOW)).seq == first_seq - 1
        assert await find_moment(log, "0", NOW) == (0, None)
        assert (await find_moment(log, "-1s", NOW)).seq == log.head.seq
        for text, why in [
            (str(log.head.seq + 1), "the log ends at"),
            ("1970-01-01", "the log begins at 1970-01-01T00:16:40"),
            (iso(NOW + 1), "has not come yet"),
        ]:
            with pytest.raises(NoMoment, match=why) as refused:
                await find_moment(log, text, NOW)
            assert refused.value.outside
