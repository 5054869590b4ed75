"""The experiment loggers by name."""

from __future__ import annotations

from scratchlab.checks import Problem, listing, nearest
from scratchlab.loggers.interface import ExperimentLogger
from scratchlab.loggers.mlflow import Mlflow
from scratchlab.plugins import OpenCatalog

LOGGERS = OpenCatalog("logger", {"mlflow": Mlflow}, ExperimentLogger)


def chosen(name: str) -> type[ExperimentLogger]:
    """The logger of this name. Raises Problem if there is none, or if a package that it needs is not installed."""
    if name not in LOGGERS:
        raise Problem(f"There is no experiment logger '{name}'; the loggers are: {listing(LOGGERS)}.{nearest(name, LOGGERS)}")
    logger: type[ExperimentLogger] = LOGGERS.checked(name, LOGGERS[name])
    logger.check_installed()
    return logger
