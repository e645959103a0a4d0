"""Nothing in the house is too big to be read in one sitting."""

from __future__ import annotations

import ast
from collections.abc import Iterator

from tests.house.source import FOLDERS, PACKAGES, Function, functions, python_files, tree_of, where

FILE_LINES = 500
FUNCTION_LINES = 60
PARAMETERS = 6


def length(function: Function) -> int:
    """Count the lines of a function, from its name to its end."""
    return (function.end_lineno or function.lineno) - function.lineno + 1


def parameters(function: Function) -> int:
    """Count what a caller may have to say; ``self`` and ``cls`` are not said."""
    arguments = function.args
    named = [a.arg for a in (*arguments.posonlyargs, *arguments.args, *arguments.kwonlyargs)]
    starred = [a.arg for a in (arguments.vararg, arguments.kwarg) if a is not None]
    return len([name for name in (*named, *starred) if name not in {"self", "cls"}])


def too_big(tree: ast.AST) -> Iterator[tuple[Function, str]]:
    """Find the functions that are too long or ask for too much."""
    for function in functions(tree):
        if length(function) > FUNCTION_LINES:
            yield function, f"{function.name} has {length(function)} lines, at most {FUNCTION_LINES}"
        if parameters(function) > PARAMETERS:
            yield function, f"{function.name} has {parameters(function)} parameters, at most {PARAMETERS}"


def test_no_file_is_too_long() -> None:
    """Broken: a module holds more than one subject."""
    lengths = {path: len(path.read_text(encoding="utf-8").splitlines()) for path in python_files(*FOLDERS)}
    assert lengths, "no source found"
    assert [f"{path}: {lines} lines" for path, lines in lengths.items() if lines > FILE_LINES] == []


def test_no_function_is_too_big() -> None:
    """Broken: a function does not read like prose, or takes a list of switches."""
    found = [f"{where(path, f)} {why}" for path in python_files(*PACKAGES) for f, why in too_big(tree_of(path))]
    assert found == []


def test_no_test_is_too_long() -> None:
    """Broken: a test cannot be understood when it fails."""
    files = python_files("tests", "benchmarks", "examples")
    assert [where(p, f) for p in files for f in functions(tree_of(p)) if length(f) > FUNCTION_LINES] == []


def test_the_measure_finds_what_is_too_big() -> None:
    """Broken: the measure itself is blind, and the tests above cannot fail."""
    long = "def long():\n" + "    pass\n" * FUNCTION_LINES
    wide = "class C:\n    def fits(self, a, b, c, d, e, f): ...\n    def wide(self, a, b, c, *d, e, f=1, **g): ...\n"
    assert [function.name for function, _ in too_big(ast.parse(long + wide))] == ["long", "wide"]
