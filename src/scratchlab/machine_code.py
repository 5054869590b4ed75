"""Loops compiled by numba. Importing this file imports numba, which takes a second: whoever needs it does so late.

A compiled function calls no other but with inline="always": of another one numba knows the text the first time and only the machine code
once that is on disk, and the caller's speed and last bits would depend on which of them was compiled when.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar, cast

import numba

Work = TypeVar("Work", bound=Callable[..., Any])


def compiled(**settings: Any) -> Callable[[Work], Work]:
    """A decorator that compiles a function, kept on disk between runs where the package's folder or numba's own cache can be written."""
    settings = {"nogil": True, "error_model": "numpy", **settings}

    def decorate(work: Work) -> Work:
        try:
            return cast(Work, numba.njit(cache=True, **settings)(work))
        except (RuntimeError, OSError):  # nowhere to write: compiled anew by each process
            return cast(Work, numba.njit(**settings)(work))

    return decorate
