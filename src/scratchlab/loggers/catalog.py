"""Mirrors by name."""

from __future__ import annotations

from scratchlab.checks import Problem, listing, nearest
from scratchlab.mirrors.interface import Mirror
from scratchlab.mirrors.mlflow import Mlflow

MIRRORS: dict[str, type[Mirror]] = {"mlflow": Mlflow}


def chosen(name: str) -> type[Mirror]:
    """The mirror of this name, able to work. Raises Problem where there is none or what it needs is not installed."""
    if name not in MIRRORS:
        raise Problem(f"There is no mirror named '{name}'; there are: {listing(MIRRORS)}.{nearest(name, MIRRORS)}")
    MIRRORS[name].ready()
    return MIRRORS[name]
