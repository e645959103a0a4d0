"""Every module says what it is for, and every test what would be broken."""

from __future__ import annotations

import ast

from tests.house.source import FOLDERS, Function, functions, python_files, tree_of, where


def silent_tests(tree: ast.AST) -> list[Function]:
    """List the tests that do not say what would be broken if they failed."""
    return [f for f in functions(tree) if f.name.startswith("test_") and not ast.get_docstring(f)]


def test_every_module_says_what_it_is_for() -> None:
    """Broken: a stranger opens a file and has to guess."""
    silent = [path for path in python_files(*FOLDERS) if path.stat().st_size and not ast.get_docstring(tree_of(path))]
    assert silent == []


def test_every_test_says_what_would_be_broken() -> None:
    """Broken: a failing test leaves open whether the product or the test is wrong."""
    silent = [
        f"{where(path, test)} {test.name}" for path in python_files("tests") for test in silent_tests(tree_of(path))
    ]
    assert silent == []


def test_a_silent_test_is_found() -> None:
    """Broken: the search is blind, and the test above cannot fail."""
    source = 'def test_a(): ...\nasync def test_b(): ...\ndef test_c():\n    """Said."""\ndef helper(): ...\n'
    assert [test.name for test in silent_tests(ast.parse(source))] == ["test_a", "test_b"]
