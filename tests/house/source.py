"""The product's own source as the house tests see it: its files, their syntax trees, its settings."""

from __future__ import annotations

import ast
import tomllib
from functools import cache
from pathlib import Path
from typing import Any, TypeAlias

ROOT = Path(__file__).resolve().parents[2]
PACKAGES = ("statemachines", "bel", "orchestrator", "wantd")
FOLDERS = (*PACKAGES, "tests", "benchmarks", "examples")

Function: TypeAlias = ast.FunctionDef | ast.AsyncFunctionDef


def python_files(*folders: str) -> list[Path]:
    """List the modules below some folders of the repository, leaving out what building a demo left behind."""
    found = (path for folder in folders for path in (ROOT / folder).rglob("*.py"))
    return sorted(path for path in found if ".wantd" not in path.parts)


@cache
def tree_of(path: Path) -> ast.Module:
    """Parse one module."""
    return ast.parse(path.read_text(encoding="utf-8"), filename=str(path))


def functions(tree: ast.AST) -> list[Function]:
    """List every function and method of a module, nested ones too."""
    return [node for node in ast.walk(tree) if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)]


def module_name(path: Path) -> str:
    """Name a module as an import would."""
    parts = path.relative_to(ROOT).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def where(path: Path, node: ast.stmt | ast.expr) -> str:
    """Say where a node stands, as an editor can jump to it."""
    return f"{path.relative_to(ROOT)}:{node.lineno}"


@cache
def settings() -> dict[str, Any]:
    """Read pyproject.toml."""
    return tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
