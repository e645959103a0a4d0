"""Small changes that nobody thought of: what mutation testing tries on a source, and a sample of it.

Each mutant is one change of one expression or statement. Left alone: texts, what is said when something is refused,
``assert`` (it states, it does not decide), types, ``__repr__``, classes that only describe a port.
"""

import ast
import random
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

SUBJECTS = (
    "statemachines",
    "bel",
    "orchestrator/catalog",
    "orchestrator/decide",
    "orchestrator/planning",
    "orchestrator/reconcile",
    "orchestrator/report.py",
)
"""The pure core and the log."""

_COMPARES: dict[type[ast.cmpop], type[ast.cmpop]] = {
    ast.Eq: ast.NotEq,
    ast.NotEq: ast.Eq,
    ast.Lt: ast.LtE,
    ast.LtE: ast.Lt,
    ast.Gt: ast.GtE,
    ast.GtE: ast.Gt,
    ast.In: ast.NotIn,
    ast.NotIn: ast.In,
    ast.Is: ast.IsNot,
    ast.IsNot: ast.Is,
}

_ARITHMETIC: dict[type[ast.operator], type[ast.operator]] = {
    ast.Add: ast.Sub,
    ast.Sub: ast.Add,
    ast.Mult: ast.Add,
    ast.FloorDiv: ast.Mult,
    ast.Mod: ast.Add,
}

Change = tuple[ast.expr | ast.stmt, str, str]

_SILENT = (ast.Raise, ast.Assert, ast.JoinedStr, ast.Import, ast.ImportFrom)
_SILENT_CALLS = {"NewType", "TypeVar", "Meta", "cast", "Refused", "CatalogError"}


class Mutant(NamedTuple):
    """One change: in which file, from which line to which, of what kind, the text before and after."""

    path: str
    line: int
    last_line: int
    kind: str
    before: str
    after: str
    start: int
    """Where the text before begins, in bytes from the start of the file."""

    def applied_to(self, source: str) -> str:
        """Give the source with the change in it."""
        data, before = source.encode(), self.before.encode()
        assert data[self.start :].startswith(before), "a mutant belongs to the source it was found in"
        return (data[: self.start] + self.after.encode() + data[self.start + len(before) :]).decode()


def sample(folder: Path, seed: int, count: int) -> list[Mutant]:
    """Draw mutants of all subjects of a copy of the project."""
    found = [mutant for path in _sources(folder) for mutant in mutants_of(path, (folder / path).read_text())]
    return sorted(random.Random(seed).sample(found, min(count, len(found))))


def mutants_of(path: str, source: str) -> list[Mutant]:
    """Every mutant of a source, in order."""
    finder = _Finder(path, source)
    finder.visit(ast.parse(source))
    return sorted(finder.found)


def _sources(folder: Path) -> list[str]:
    files = (folder / one if one.endswith(".py") else (folder / one).rglob("*.py") for one in SUBJECTS)
    paths = [path for found in files for path in ([found] if isinstance(found, Path) else found)]
    return sorted(str(path.relative_to(folder)) for path in paths)


class _Finder(ast.NodeVisitor):
    """Walks a source and notes what can be changed."""

    def __init__(self, path: str, source: str) -> None:
        self.found: list[Mutant] = []
        self._path = path
        self._data = source.encode()
        lines = self._data.splitlines(keepends=True)
        self._starts = [sum(map(len, lines[:number])) for number in range(len(lines))]

    def visit(self, node: ast.AST) -> None:
        if isinstance(node, _SILENT):
            return
        super().visit(node)

    def generic_visit(self, node: ast.AST) -> None:
        for changed, kind, after in _changes(node):
            self._note(changed, kind, after)
        super().generic_visit(node)

    def visit_FunctionDef(self, node: ast.FunctionDef | ast.AsyncFunctionDef) -> None:
        if node.name == "__repr__":
            return
        for part in (*node.args.defaults, *(one for one in node.args.kw_defaults if one), *_body(node)):
            self.visit(part)

    visit_AsyncFunctionDef = visit_FunctionDef  # noqa: N815  ast names it

    def visit_ClassDef(self, node: ast.ClassDef) -> None:
        if any(isinstance(base, ast.Name | ast.Subscript) and "Protocol" in ast.unparse(base) for base in node.bases):
            return
        for part in _body(node):
            self.visit(part)

    def visit_AnnAssign(self, node: ast.AnnAssign) -> None:
        if node.value is not None:
            self.visit(node.value)

    def visit_If(self, node: ast.If) -> None:
        if ast.unparse(node.test) != "TYPE_CHECKING":
            self.generic_visit(node)

    def visit_Call(self, node: ast.Call) -> None:
        name = node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")
        if name in _SILENT_CALLS:
            return
        if name == "isinstance":
            self.visit(node.args[0])
            return
        self.generic_visit(node)

    def _note(self, node: ast.expr | ast.stmt, kind: str, after: str) -> None:
        assert node.end_lineno is not None, "a parsed node ends somewhere"
        assert node.end_col_offset is not None, "a parsed node ends somewhere"
        start = self._starts[node.lineno - 1] + node.col_offset
        end = self._starts[node.end_lineno - 1] + node.end_col_offset
        before = self._data[start:end].decode()
        self.found.append(Mutant(self._path, node.lineno, node.end_lineno, kind, before, after, start))


def _body(node: ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef) -> Sequence[ast.stmt]:
    return node.body[1:] if ast.get_docstring(node) is not None else node.body


def _changes(node: ast.AST) -> Iterator[Change]:
    """What can be changed at a node, what that kind of change is called, and the text after it."""
    match node:
        case ast.Compare(left, [op], [right]) if type(op) in _COMPARES:
            yield node, "compare", _text(ast.Compare(left, [_COMPARES[type(op)]()], [right]))
        case ast.BoolOp(op, values):
            yield node, "boolean", _text(ast.BoolOp(ast.Or() if isinstance(op, ast.And) else ast.And(), values))
        case ast.UnaryOp(ast.Not(), operand):
            yield node, "boolean", _text(operand)
        case ast.BinOp(left, op, right) if type(op) in _ARITHMETIC and not _is_text(left) and not _is_text(right):
            yield node, "arithmetic", _text(ast.BinOp(left, _ARITHMETIC[type(op)](), right))
        case ast.Constant(bool() as value):
            yield node, "constant", str(not value)
        case ast.Constant(int() as value):
            yield node, "constant", str(value + 1)
        case ast.If(test) | ast.While(test) | ast.IfExp(test):
            yield from _negated(test)
        case ast.comprehension(ifs=tests):
            for test in tests:
                yield from _negated(test)
        case ast.stmt():
            yield from _changes_of_statement(node)
        case _:
            return


def _changes_of_statement(node: ast.stmt) -> Iterator[Change]:
    match node:
        case ast.Return(value) if value is not None and not (isinstance(value, ast.Constant) and value.value is None):
            yield node, "return None", "return None"
        case ast.Expr(ast.Call() | ast.Await()) | ast.Delete():
            yield node, "drop", "pass"
        case ast.AugAssign(target, op, value):
            yield node, "drop", "pass"
            if type(op) in _ARITHMETIC:
                yield node, "arithmetic", ast.unparse(ast.AugAssign(target, _ARITHMETIC[type(op)](), value))
        case ast.Break():
            yield node, "jump", "continue"
        case ast.Continue():
            yield node, "jump", "break"
        case _:
            return


def _negated(test: ast.expr) -> Iterator[Change]:
    """The opposite of a test; where it is made of one comparison or a ``not``, that has its own opposite."""
    if not isinstance(test, ast.Compare) and not (isinstance(test, ast.UnaryOp) and isinstance(test.op, ast.Not)):
        yield test, "negate", _text(ast.UnaryOp(ast.Not(), test))


def _text(node: ast.expr) -> str:
    return f"({ast.unparse(node)})"


def _is_text(node: ast.expr) -> bool:
    return isinstance(node, ast.JoinedStr) or (isinstance(node, ast.Constant) and isinstance(node.value, str | bytes))
