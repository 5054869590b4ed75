"""Loops compiled by numba. Importing this module imports numba, which takes a second, so import it inside functions.

A compiled function may call another compiled function only if that has inline="always". Otherwise, numba compiles the caller against the
other's source at first and against its cached machine code later, and the caller's speed and last bits depend on which it was.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar, cast

import numba

Work = TypeVar("Work", bound=Callable[..., Any])


def compiled(**settings: Any) -> Callable[[Work], Work]:
    """A decorator that compiles a function with numba and caches the machine code on disk if the cache folder is writable."""
    settings = {"nogil": True, "error_model": "numpy", **settings}

    def decorate(work: Work) -> Work:
        try:
            return cast(Work, numba.njit(cache=True, **settings)(work))
        except (RuntimeError, OSError):  # no writable cache folder: each process compiles again
            return cast(Work, numba.njit(**settings)(work))

    return decorate
