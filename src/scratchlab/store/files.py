"""Atomic files: written to a temporary sibling, flushed to disk, then moved to their path."""

from __future__ import annotations

import contextlib
import errno
import json
import os
from collections.abc import Callable, Generator, Mapping
from pathlib import Path
from typing import Any, cast

import numpy as np
import numpy.typing as npt
import safetensors
import safetensors.numpy

from scratchlab.checks import Problem

_FULL = (errno.ENOSPC, errno.EDQUOT)
_FORBIDDEN = (errno.EACCES, errno.EPERM, errno.EROFS, errno.ENOTDIR, errno.EEXIST, errno.ENOENT, errno.ENAMETOOLONG, errno.EISDIR)

Arrays = Mapping[str, npt.NDArray[Any]]


@contextlib.contextmanager
def reported_errors(path: Path, option: str = "--runs") -> Generator[None]:
    """Raises Problem, which names the file, if the disk is full or the path cannot be written; other errors pass."""
    try:
        yield
    except Exception as error:
        wrapped = any(f"os error {number}" in str(error) for number in _FULL)  # safetensors and polars wrap the error
        if wrapped or (isinstance(error, OSError) and error.errno in _FULL):
            raise Problem(
                f"The disk is full: {path} could not be written. Its previous content is untouched; free some space and continue with "
                f"`scratchlab resume` (or run again, if no epoch was finished), or choose another folder with {option}."
            ) from error
        if isinstance(error, OSError) and error.errno in _FORBIDDEN:
            raise Problem(f"{path} cannot be written ({os.strerror(error.errno).lower()}); choose another path with {option}.") from error
        raise


def write(path: Path, fill: Callable[[Path], object], option: str = "--runs") -> None:
    """Calls `fill` on a temporary sibling and moves it onto `path` once it is safely on disk."""
    temporary = path.with_name(f".{path.name}.{os.getpid()}.part")
    try:
        with reported_errors(path, option):
            fill(temporary)
            with temporary.open("rb") as file:
                os.fsync(file.fileno())
            temporary.replace(path)
    finally:
        temporary.unlink(missing_ok=True)


def write_text(path: Path, text: str, option: str = "--runs") -> None:
    """Writes a text file atomically."""
    write(path, lambda temporary: temporary.write_bytes(text.encode()), option)


def write_json(path: Path, value: object) -> None:
    """Writes an indented JSON file atomically; raises ValueError for a number that is not finite."""
    write_text(path, json.dumps(value, indent=1, allow_nan=False, ensure_ascii=False) + "\n")


def write_arrays(path: Path, arrays: Arrays, about: Mapping[str, str] | None = None) -> None:
    """Writes a safetensors file atomically: arrays by name, and metadata strings."""
    contiguous = {name: np.asarray(array, order="C") for name, array in arrays.items()}
    write(path, lambda temporary: safetensors.numpy.save_file(contiguous, temporary, metadata=dict(about or {})))


def read_arrays(path: Path) -> tuple[dict[str, npt.NDArray[Any]], dict[str, str]]:
    """The arrays of a safetensors file and its metadata strings. Raises Problem if it is damaged."""
    try:
        with cast(Any, safetensors.safe_open(path, framework="numpy")) as file:
            return {name: file.get_tensor(name) for name in file.keys()}, dict(file.metadata() or {})  # noqa: SIM118
    except safetensors.SafetensorError as error:
        raise Problem(f"{path} is damaged ({error}); delete it to start without it.") from None
