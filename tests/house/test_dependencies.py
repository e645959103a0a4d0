"""The product imports what it declares, and declares what it imports."""

from __future__ import annotations

import ast
import sys
from collections.abc import Iterable
from importlib.metadata import packages_distributions

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from tests.house.source import PACKAGES, python_files, settings, tree_of

AHEAD = {"prometheus-client"}  # in every installation from the first release on, so that being scraped needs no new one


def imported(trees: Iterable[ast.AST]) -> set[str]:
    """List the top-level names that some modules import, without our own and the standard library's."""
    names: set[str] = set()
    for node in (node for tree in trees for node in ast.walk(tree)):
        match node:
            case ast.Import(names=aliases):
                names |= {alias.name for alias in aliases}
            case ast.ImportFrom(module=str(module), level=0):
                names.add(module)
            case ast.Call(func=ast.Attribute(attr="import_module"), args=[ast.Constant(value=str(module))]):
                names.add(module)
            case _:
                pass
    return {name.split(".")[0] for name in names} - set(sys.stdlib_module_names) - set(PACKAGES)


def named(requirements: Iterable[str]) -> set[str]:
    """List the packages that some requirements are about."""
    return {canonicalize_name(Requirement(text).name) for text in requirements}


def test_declared_and_imported_are_the_same() -> None:
    """Broken: an installation lacks a library, or carries one that nothing uses."""
    owners = packages_distributions()
    used = {canonicalize_name(owners.get(name, [name])[0]) for name in imported(map(tree_of, python_files(*PACKAGES)))}
    declared = named(settings()["project"]["dependencies"])
    extras = named(settings()["project"]["optional-dependencies"]["otel"])
    assert extras <= used, "an extra brings what nothing uses"
    assert used - declared - extras == set(), "imported, but not declared in pyproject.toml"
    assert declared - used <= AHEAD, "declared in pyproject.toml, but imported nowhere"


def test_every_form_of_import_is_seen() -> None:
    """Broken: the search is blind, and the test above cannot fail."""
    source = """
import os, rich.table, importlib
from click import echo
from bel.log import Log
def f():
    import anyio as a
    return importlib.import_module("uvicorn.config")
"""
    assert imported([ast.parse(source)]) == {"rich", "click", "anyio", "uvicorn"}
