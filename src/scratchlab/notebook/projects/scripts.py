"""The descriptive parts of a Python script: leading comments, docstrings and command-line arguments. The script is not run."""

from __future__ import annotations

import ast
import warnings
from collections.abc import Iterator, Sequence

ARGUMENTS = ("add_argument", "Option", "Argument", "option", "argument")  # in argparse, typer and click


def python(lines: Sequence[str]) -> Iterator[tuple[int, int]]:
    """First and last line (from 1) of each such part, in order; for a file with syntax errors, the leading comments only."""
    yield from _top(lines)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # about invalid escapes in the user's strings
            tree = ast.parse("\n".join(lines))
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return
    found = (part for node in ast.walk(tree) if (part := _described(node)))
    yield from sorted(set(found))


def _top(lines: Sequence[str]) -> Iterator[tuple[int, int]]:
    """The leading comments."""
    first = 1 if lines and lines[0].startswith("#!") else 0
    last = first
    while last < len(lines) and lines[last].startswith("#"):
        last += 1
    if last > first:
        yield first + 1, last


def _described(node: ast.AST) -> tuple[int, int] | None:
    if isinstance(node, ast.Call):
        called = node.func.attr if isinstance(node.func, ast.Attribute) else node.func.id if isinstance(node.func, ast.Name) else ""
        return (node.lineno, node.end_lineno or node.lineno) if called in ARGUMENTS else None
    if not isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef):
        return None
    first = node.body[0] if node.body else None
    if not (isinstance(first, ast.Expr) and isinstance(first.value, ast.Constant) and isinstance(first.value.value, str)):
        return None
    return (first.lineno if isinstance(node, ast.Module) else node.lineno), first.end_lineno or first.lineno
