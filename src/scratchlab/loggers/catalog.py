"""The experiment loggers by name."""

from __future__ import annotations

from scratchlab.checks import Problem, listing, nearest
from scratchlab.loggers.interface import ExperimentLogger
from scratchlab.loggers.mlflow import Mlflow

LOGGERS: dict[str, type[ExperimentLogger]] = {"mlflow": Mlflow}


def chosen(name: str) -> type[ExperimentLogger]:
    """The logger of this name. Raises Problem if there is none, or if a package that it needs is not installed."""
    if name not in LOGGERS:
        raise Problem(f"There is no experiment logger '{name}'; the loggers are: {listing(LOGGERS)}.{nearest(name, LOGGERS)}")
    LOGGERS[name].check_installed()
    return LOGGERS[name]
