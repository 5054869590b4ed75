"""What numba compiles: the same bits whether a process compiled it or found it on disk."""

from __future__ import annotations

import ast
import os
import subprocess
import sys
from pathlib import Path

import pytest

PACKAGE = Path(__file__).parent.parent / "src/scratchlab"
FILES = [
    path
    for path in sorted(PACKAGE.rglob("*.py"))
    if "import machine_code" in (text := path.read_text()) or "from scratchlab.machine_code" in text
]

FORWARD = """
import torch
from scratchlab.kernels.alignment import Minibatches
from scratchlab.similarity.alignment import _totals
torch.manual_seed(0)
batches = Minibatches()
batches.add({"first": torch.randn(30, 700), "second": torch.randn(30, 333)})
print(batches.alignment().biased.tobytes().hex())
cosines, steps = torch.rand(9, 8, 64, requires_grad=True), torch.full((64,), 8)
totals = _totals(cosines, steps + 1, steps, 1.0, 0.1)
print(totals.detach().numpy().tobytes().hex())
"""
BACKWARD = """
totals.sum().backward()
print(cosines.grad.numpy().tobytes().hex())
"""


def decorated(path: Path) -> dict[str, tuple[bool, ast.FunctionDef]]:
    """The compiled functions of a file by name, and whether each is written out where it is called."""
    tree = ast.parse(path.read_text())
    inlined = {
        target.id
        for one in tree.body
        if isinstance(one, ast.Assign) and "inline=" in ast.unparse(one.value)
        for target in one.targets
        if isinstance(target, ast.Name)
    }
    found: dict[str, tuple[bool, ast.FunctionDef]] = {}
    for one in tree.body:
        if isinstance(one, ast.FunctionDef) and one.decorator_list:
            words = ast.unparse(one.decorator_list[0])
            found[one.name] = "inline=" in words or words in inlined, one
    return found


@pytest.mark.parametrize("path", FILES, ids=lambda path: str(path.relative_to(PACKAGE)))
def test_a_compiled_function_calls_only_what_is_written_out_in_it(path: Path) -> None:
    functions = decorated(path)
    assert functions
    calls = {
        (caller, one.func.id)
        for caller, (_, body) in functions.items()
        for one in ast.walk(body)
        if isinstance(one, ast.Call) and isinstance(one.func, ast.Name) and one.func.id in functions
    }
    assert [pair for pair in sorted(calls) if not functions[pair[1]][0]] == []


def printed(code: str, cache: Path) -> str:
    environment = {**os.environ, "NUMBA_CACHE_DIR": str(cache), "OMP_NUM_THREADS": "1"}
    return subprocess.run([sys.executable, "-c", code], env=environment, capture_output=True, text=True, check=True).stdout


def test_the_bits_do_not_depend_on_what_was_compiled_before(tmp_path: Path) -> None:
    forward = printed(FORWARD, tmp_path / "by parts")
    assert list((tmp_path / "by parts").rglob("*.nbi"))
    by_parts = printed(FORWARD + BACKWARD, tmp_path / "by parts")
    found_on_disk = printed(FORWARD + BACKWARD, tmp_path / "by parts")
    at_once = printed(FORWARD + BACKWARD, tmp_path / "at once")
    assert by_parts.startswith(forward)
    assert by_parts == found_on_disk == at_once
