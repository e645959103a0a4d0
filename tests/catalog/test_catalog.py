"""The catalog: makers, inputs, nearest patterns, and configurations that mean no graph."""

from time import perf_counter

import pytest

from orchestrator.catalog import External, Input, Job, NobodyMakes, UnknownJob
from orchestrator.config import ConfigError
from statemachines.refs import Ref, parse_ref
from tests.catalog.samples import FLIGHTS, catalog_of

FLIGHTS_CATALOG = catalog_of(FLIGHTS)
HEAD = '[application]\nname = "x"\n'


def job(name: str, outputs: str, inputs: str = "") -> str:
    return f"[[job]]\nname = '{name}'\noutputs = [{outputs}]\ninputs = [{inputs}]\ncommand = ['true']\n"


def needs(ref: str) -> list[str]:
    return [need.ref for need in FLIGHTS_CATALOG.inputs(Ref(ref))]


def test_each_ref_has_its_maker() -> None:
    """A want would start the wrong job."""
    assert isinstance(FLIGHTS_CATALOG.producer(Ref("delays/daily/date=2013-01-05")), Job)
    assert isinstance(FLIGHTS_CATALOG.producer(Ref("airports")), External)
    assert FLIGHTS_CATALOG.producer(Ref("delays/daily/date=2014-01-05")) is None
    assert FLIGHTS_CATALOG.bindings(Ref("copies/a/date=0001-01-02")) == {"what": "a", "date": 2}
    assert FLIGHTS_CATALOG.bindings(Ref("nothing")) is None


def test_inputs_keep_their_order_and_kind() -> None:
    """A job would find other inputs than it declared, or wait for what it only queries."""
    assert FLIGHTS_CATALOG.inputs(Ref("delays/daily/date=2013-01-05")) == (
        Input(Ref("flights/raw/date=2013-01-05"), "materialize"),
        Input(Ref("weather/raw/date=2013-01-04"), "materialize"),
        Input(Ref("weather/raw/date=2013-01-05"), "materialize"),
        Input(Ref("airports"), "query"),
    )
    assert FLIGHTS_CATALOG.inputs(Ref("airports")) == ()


def test_an_input_declared_twice_is_one_and_is_built() -> None:
    """A query beside it would keep an input from being built."""
    inputs = FLIGHTS_CATALOG.inputs(Ref("delays/monthly/month=2013-02"))
    assert len(inputs) == 28 + 1
    assert inputs[-1] == Input(Ref("airports"), "materialize")


def test_what_moves_out_of_bounds_is_left_out() -> None:
    """The first day would wait for ever for the day before it."""
    assert needs("delays/daily/date=2013-01-01")[1:] == ["weather/raw/date=2013-01-01", "airports"]
    assert needs("delays/monthly/month=2012-12") == ["airports"]
    assert needs("running/n=0") == []


def test_what_does_not_move_must_be_made_by_somebody() -> None:
    """A misspelt input would be built without."""
    with pytest.raises(NobodyMakes) as error:
        FLIGHTS_CATALOG.inputs(Ref("copy/flights/date=2014-01-01"))
    assert str(error.value).startswith(
        "no job or external makes 'flights/raw/date=2014-01-01', which 'copy/flights/date=2014-01-01' needs; "
        "the nearest is flights/raw/date={date:date(2013-01-01..2013-12-31)}"
    )
    with pytest.raises(NobodyMakes, match="no job or external makes 'zzz'; see what can be made with: wantd job list"):
        FLIGHTS_CATALOG.inputs(Ref("zzz"))


def test_what_moves_within_nobodys_reach_is_an_error() -> None:
    """A window over misspelt data would be empty in silence."""
    catalog = catalog_of(HEAD + job("a", "'a/{x}/{d:date}'", "'{x}/raw/{d-1d}'") + job("b", "'b/raw/{d:date}'"))
    assert [need.ref for need in catalog.inputs(Ref("a/b/2013-01-02"))] == ["b/raw/2013-01-01"]
    with pytest.raises(NobodyMakes, match="no job or external makes 'c/raw/2013-01-01'"):
        catalog.inputs(Ref("a/c/2013-01-02"))


def test_a_text_that_leads_outside_is_no_input() -> None:
    """A wanted ref could make a job read '../..'."""
    catalog = catalog_of(HEAD + job("a", "'a/p{x}'", "'b/{x}'") + job("b", "'b/{y}'"))
    with pytest.raises(NobodyMakes, match=r"the input 'b/{x}' of 'a/p\.\.' is no ref; 'b/\.\.' is not a partition ref"):
        catalog.inputs(parse_ref("a/p.."))


def test_nearest_patterns_come_first() -> None:
    """The message about a typo would name something else."""
    assert FLIGHTS_CATALOG.nearest("delays/dialy/date=2013-07-07")[0].startswith("delays/daily/")
    assert FLIGHTS_CATALOG.nearest("airport") == ("airports",)
    assert FLIGHTS_CATALOG.nearest("weather/raw/date=2020-01-01")[0].startswith("weather/raw/")


def test_jobs_are_resolved() -> None:
    """The engine would run a job in another way than configured."""
    daily, running = FLIGHTS_CATALOG.job("daily"), FLIGHTS_CATALOG.job("running")
    assert (daily.executor, running.executor, FLIGHTS_CATALOG.job("monthly").executor) == (
        "process",
        "inline",
        "worker",
    )
    assert (daily.batch_max, daily.batch_wait_us, daily.timeout_us, daily.fingerprint) == (1, 0, None, "print of daily")
    with pytest.raises(UnknownJob, match="there is no job 'dayly'; did you mean 'daily'"):
        FLIGHTS_CATALOG.job("dayly")
    with pytest.raises(UnknownJob, match="there is no job 'zzz'; the jobs are daily, monthly, running, copy"):
        FLIGHTS_CATALOG.job("zzz")


@pytest.mark.parametrize(
    ("text", "line", "message"),
    [
        (job("a", "'a/{'"), 5, "job[1].outputs[1]: the braces in 'a/{' do not pair up; write"),
        (
            job("a", "'a/{x}'", "'b', 'b/{y}'"),
            6,
            "job[1].inputs[2]: in 'b/{y}': no placeholder of the output is named 'y'",
        ),
        (
            job("a", "'a/{d:date}', 'b'", "'c/{d}'"),
            6,
            "in 'c/{d}': no placeholder of the output is named 'd'; it has: none",
        ),
        (
            job("a", "'a/{d:date}'") + job("b", "'b', 'a/{x}'"),
            10,
            "job[2].outputs[2]: 'a/{x}' of 'b' and 'a/{d:date}' of 'a' both match 'a/0001-01-01'; a ref has one maker",
        ),
        (job("a", "'a/{x}', 'a/b'"), 5, "'a/b' of 'a' and 'a/{x}' of 'a' both match 'a/b'"),
        (
            job("a", "'a/{d:date}'") + "[[external]]\nname = 'e'\noutputs = ['a/2013-01-01']\n",
            10,
            "external[1].outputs[1]: 'a/2013-01-01' of 'e' and 'a/{d:date}' of 'a' both match 'a/2013-01-01'",
        ),
        (
            job("a", "'out/{d:date}'", "'raw/{d}'") + job("b", "'rew/{d:date}'"),
            6,
            "job[1].inputs[1]: no job or external makes refs like 'raw/{d}'; the nearest is rew/{d:date}",
        ),
        (
            job("a", "'out/{d:date}'", "'const'"),
            6,
            "makes refs like 'const'; see what can be made with: wantd job list; data",
        ),
        (job("a", "'a/{d:date}'", "'b/{month(d)}'") + job("b", "'b/{d:date}'"), 6, "makes refs like 'b/{month(d)}'"),
    ],
)
def test_what_is_no_graph_is_refused(text: str, line: int, message: str) -> None:
    """A daemon would start that can never build what is configured, or could build it twice."""
    with pytest.raises(ConfigError) as error:
        catalog_of(HEAD + text)
    assert error.value.line is not None
    assert message in str(error.value)
    assert error.value.line == line


def test_one_ref_among_many_jobs_is_found_fast() -> None:
    """Planning would slow down with every job of an application. The bound is 20 times what was measured."""
    catalog = catalog_of(HEAD + "".join(job(f"j{n}", f"'data{n % 7}/table{n}/date={{d:date}}'") for n in range(100)))
    refs = [Ref(f"data{n % 7}/table{n}/date=2013-01-{day}") for n in range(100) for day in range(10, 30)]
    begin = perf_counter()
    assert None not in map(catalog.bindings, refs)
    assert (perf_counter() - begin) / len(refs) < 60e-6
