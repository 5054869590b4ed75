"""Files that are either whole or not there: written beside their place, flushed, then moved onto it."""

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
def told(path: Path, option: str = "--runs") -> Generator[None]:
    """Turns a full disk, or a place that cannot be written, into a sentence that names the file; other errors pass."""
    try:
        yield
    except Exception as error:
        wrapped = any(f"os error {number}" in str(error) for number in _FULL)  # as safetensors and polars hand it on
        if wrapped or (isinstance(error, OSError) and error.errno in _FULL):
            raise Problem(
                f"The disk is full: {path} could not be written. What stood there before is untouched; free some space "
                "and go on with `scratchlab resume` (or run again, if nothing had been achieved), or choose another place with {option}."
            ) from error
        if isinstance(error, OSError) and error.errno in _FORBIDDEN:
            raise Problem(f"{path} cannot be written ({os.strerror(error.errno).lower()}); choose another place with {option}.") from error
        raise


def write(path: Path, fill: Callable[[Path], object], option: str = "--runs") -> None:
    """Calls `fill` on a temporary sibling and moves it onto `path` once it is safely on disk."""
    beside = path.with_name(f".{path.name}.{os.getpid()}.part")
    try:
        with told(path, option):
            fill(beside)
            with beside.open("rb") as file:
                os.fsync(file.fileno())
            beside.replace(path)
    finally:
        beside.unlink(missing_ok=True)


def write_text(path: Path, text: str, option: str = "--runs") -> None:
    """A text file, whole or not at all."""
    write(path, lambda beside: beside.write_bytes(text.encode()), option)


def write_json(path: Path, value: object) -> None:
    """A JSON file, indented for people; a number that is not finite is refused."""
    write_text(path, json.dumps(value, indent=1, allow_nan=False, ensure_ascii=False) + "\n")


def write_arrays(path: Path, arrays: Arrays, about: Mapping[str, str] | None = None) -> None:
    """A safetensors file: arrays by name, and a few strings about them."""
    whole = {name: np.asarray(array, order="C") for name, array in arrays.items()}
    write(path, lambda beside: safetensors.numpy.save_file(whole, beside, metadata=dict(about or {})))


def read_arrays(path: Path) -> tuple[dict[str, npt.NDArray[Any]], dict[str, str]]:
    """The arrays of a safetensors file and the strings about them. Raises Problem when it is damaged."""
    try:
        with cast(Any, safetensors.safe_open(path, framework="numpy")) as file:
            return {name: file.get_tensor(name) for name in file.keys()}, dict(file.metadata() or {})  # noqa: SIM118
    except safetensors.SafetensorError as error:
        raise Problem(f"{path} is damaged ({error}); delete it to begin anew without it.") from None
