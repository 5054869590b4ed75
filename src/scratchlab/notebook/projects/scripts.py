"""Where a script of Python says in words what it does: its comments on top, its docstrings, and the arguments it takes. It is never run."""

from __future__ import annotations

import ast
import warnings
from collections.abc import Iterator, Sequence

ARGUMENTS = ("add_argument", "Option", "Argument", "option", "argument")  # of argparse, typer and click


def python(lines: Sequence[str]) -> Iterator[tuple[int, int]]:
    """First and last line (from 1) of each of them, in order; of a file that does not parse, the comments on top."""
    yield from _top(lines)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # about backslashes in somebody else's strings
            tree = ast.parse("\n".join(lines))
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return
    found = (part for node in ast.walk(tree) if (part := _said(node)))
    yield from sorted(set(found))


def _top(lines: Sequence[str]) -> Iterator[tuple[int, int]]:
    """The comments before anything else."""
    first = 1 if lines and lines[0].startswith("#!") else 0
    last = first
    while last < len(lines) and lines[last].startswith("#"):
        last += 1
    if last > first:
        yield first + 1, last


def _said(node: ast.AST) -> tuple[int, int] | None:
    if isinstance(node, ast.Call):
        called = node.func.attr if isinstance(node.func, ast.Attribute) else node.func.id if isinstance(node.func, ast.Name) else ""
        return (node.lineno, node.end_lineno or node.lineno) if called in ARGUMENTS else None
    if not isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef):
        return None
    first = node.body[0] if node.body else None
    if not (isinstance(first, ast.Expr) and isinstance(first.value, ast.Constant) and isinstance(first.value.value, str)):
        return None
    return (first.lineno if isinstance(node, ast.Module) else node.lineno), first.end_lineno or first.lineno
