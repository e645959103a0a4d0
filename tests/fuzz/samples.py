"""What is right, of each kind of input: what the mutants are made from."""

from __future__ import annotations

import tomllib
from typing import cast

from orchestrator.executors.keeper.wire import PROTOCOL
from tests.api.rigs import CONFIG
from tests.config.test_config import EVERYTHING
from tests.fuzz.mutants import Json
from tests.house.source import ROOT

CONFIGS = (EVERYTHING, CONFIG, (ROOT / "examples" / "flights" / "wantd.toml").read_text(encoding="utf-8"))
TABLES = tuple(cast("Json", tomllib.loads(text)) for text in CONFIGS)
REFS = ("raw/1", "top/1..3", "{raw,top}/1", "flights/daily/date=2013-01-05", "raw/*", "a/**/b", "top/9..1")
PATTERNS = ("a/{x}", "a/date={d:date}/{n:int(1..20)}", "m={m:month}", "w={w:week}/h={h:hour}", "{x}-{y:year(2000..)}")
INPUTS = ("a/{x}", "in/{d-1}", "in/{start(d)..end(d)}", "a/{month(d)}", "raw/{n}", "a/{n-3..n}", "year={year(d)}")

REPORT: tuple[Json, ...] = (
    {"missing": ["a"], "for": ["b"]},
    {"read": ["a", "b"]},
    {"output": "a", "digest": "sha256:00", "metadata": {"rows": 3, "x": {"y": [1]}}},
    {"failed": "b", "reason": "no such day"},
    {"metric": "rows", "value": 3, "labels": {"origin": "JFK"}},
    {"progress": 0.5},
    {"log": "half-way", "level": "warning"},
)

ANSWERS: tuple[Json, ...] = (
    [{"outputs": ["a", "b"], "inputs": [{"ref": "c"}], "args": ["x"], "env": {"A": "b"}}],
    [{"outputs": ["a"]}, {"outputs": ["b"], "inputs": [{"ref": "c", "type": "query"}]}],
)

JOURNAL: tuple[Json, ...] = (
    {"claims": ["r1", "r2"], "epoch": 3},
    {"began": "r1", "pid": 1, "ticks": 5},
    {"end": "r1", "exit": {"kind": "exit", "code": 1, "ended_at_us": 5, "user_s": 0.5, "said": "YWJj"}},
    {"settled": ["r2"]},
)
HEADER: Json = {"keeper": "k", "pid": 1, "boot": "b"}

REPLIES: tuple[Json, ...] = (
    {"loaded": True, "code": 0, "message": "", "user_s": 0.5, "system_s": 0.5, "max_rss_kb": 5},
)

_RUN: dict[str, Json] = {
    "run": "r1",
    "pool": "default",
    "pool_size": 2,
    "slots": 1,
    "cwd": "/",
    "env": {"A": "b"},
    "files": "/f",
    "folders": ["/d"],
    "context": "{}",
    "report_bytes_max": 5,
    "log_bytes_max": 5,
    "timeout_s": 1.5,
    "grace_s": 1,
    "limits": {"memory": 5},
    "secrets": {"A": "YWJj"},
    "masked": ["YWJj"],
}
_CALL: dict[str, Json] = {"how": "worker", "python": "python3", "function": "m:f", "fingerprint": "f"}
MESSAGES: tuple[Json, ...] = (
    {"do": "hello", "epoch": 1, "protocol": PROTOCOL},
    {"do": "stop", "epoch": 1, "runs": ["r1"]},
    {"do": "settled", "epoch": 1, "runs": ["r1"]},
    {"do": "start", "epoch": 1, "runs": [{**_RUN, "work": {"how": "process", "argv": ["true"]}}]},
    {"do": "start", "epoch": 1, "runs": [{**_RUN, "work": _CALL}]},
)
