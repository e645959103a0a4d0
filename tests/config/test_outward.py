"""``[outward]``: what is told leaves this machine only as the file says, and every refusal names its place."""

from pathlib import Path

import pytest

from orchestrator.config import Config, ConfigError, OpentelemetryTable, WebhookTable, read_config

HEAD = '[application]\nname = "told"\n'
HOOK = '[[outward.webhook]]\nname = "a"\nurl = "https://example.com/hook"\n'


def read(text: str) -> Config:
    return read_config(Path("wantd.toml"), HEAD + text, cpus=1)


def test_what_may_be_written_is_taken() -> None:
    """Broken: an outlet cannot be configured, or there is one by default."""
    assert read("").outward.names == ()
    config = read(
        HOOK
        + '[[outward.webhook]]\nname = "b"\nurl = "http://[::1]:8080/x?y=z"\nstates = ["Late"]\nsecret = "keys/b"\n'
        + '[outward.openlineage]\nfile = "-"\nnamespace = "n"\n'
        + '[outward.opentelemetry]\nurl = "http://far.example:4318/v1/traces"\nallow_http = true\ntimeout = "1s"\n'
    )
    assert config.outward.names == ("a", "b", "openlineage", "opentelemetry")
    assert config.outward.webhook[0] == WebhookTable("a", "https://example.com/hook")
    assert config.outward.webhook[0].states == ("Failed", "UpstreamFailed")
    assert config.outward.webhook[1].secret == "keys/b"
    traces = config.outward.opentelemetry
    assert isinstance(traces, OpentelemetryTable)
    assert (int(traces.timeout), traces.allow_http) == (1_000_000, True)


SECOND = HOOK + "\n# a comment\n" + HOOK.replace('"a"', '"b"')


@pytest.mark.parametrize(
    ("text", "line", "key", "message"),
    [
        (SECOND.replace('"b"', '"a"'), 9, "outward.webhook[2].name", "the name 'a' is taken"),
        (SECOND.replace('"b"', '"../b"'), 9, "outward.webhook[2].name", "is no name"),
        (SECOND + 'stats = ["Late"]', 11, "outward.webhook[2].stats", "did you mean 'states'?"),
        (SECOND + 'states = ["Sad"]', 11, "outward.webhook[2].states[1]", "'Sad'"),
        (SECOND + "states = []", 11, "outward.webhook[2].states", "on no state"),
        (SECOND + 'secret = ""', 11, "outward.webhook[2].secret", "is no path"),
        (HOOK.replace("https", "http"), 5, "outward.webhook[1].url", "in clear"),
        (HOOK.replace("https", "ftp"), 5, "outward.webhook[1].url", "nothing is sent to ftp"),
        (HOOK.replace("https://", ""), 5, "outward.webhook[1].url", "this is no URL"),
        (HOOK.replace("example.com", "example.com:99999"), 5, "outward.webhook[1].url", "this is no URL"),
        (HOOK.replace("example.com", "a:b@example.com"), 5, "outward.webhook[1].url", "a password in a URL"),
        (HOOK.replace("/hook", "/ho\\nok"), 5, "outward.webhook[1].url", "this is no URL"),
        (HOOK + 'timeout = "0s"', 6, "outward.webhook[1].timeout", "out of range"),
        (HOOK.replace('name = "a"\n', ""), 3, "outward.webhook[1]", "every webhook needs it"),
        ("[outward.openlineage]\n", 3, "outward.openlineage", "goes to one place"),
        ('[outward.openlineage]\nfile = "a"\nurl = "https://a"', 3, "outward.openlineage", "goes to one place"),
        ('[outward.opentelemetry]\nurl = "http://a"', 4, "outward.opentelemetry.url", "in clear"),
        ("[outward.opentelemtry]\n", 3, "outward.opentelemtry", "did you mean 'opentelemetry'?"),
    ],
)
def test_what_is_wrong_is_refused_at_its_place(text: str, line: int, key: str, message: str) -> None:
    """Broken: a slip sends messages in clear, to nobody, or over another's cursor; or nobody is told where it is."""
    with pytest.raises(ConfigError) as caught:
        read(text)
    assert message in str(caught.value)
    assert (caught.value.key, caught.value.line) == (key, line)
