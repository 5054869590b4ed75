"""Cells chosen from the results of earlier ones: the tree-structured Parzen estimator (TPE), by Optuna.

The state of a search is in its runs. Trial n depends only on (seed, n) and the results of trials 0 … n - parallel, so its cells are
the same in whatever order runs end and however often the search is killed; a resumed search finds its trials by their runs.
Source: Bergstra, Bardenet, Bengio & Kégl (2011), "Algorithms for Hyper-Parameter Optimization", NeurIPS 24, section 4.
"""

from __future__ import annotations

import hashlib
import importlib
import json
import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from scratchlab.checks import Problem, installed
from scratchlab.store import files
from scratchlab.sweeps.axes import Cell, Range, format_value

GOAL = re.compile(r"(train|valid)\.(loss|accuracy)|cka\.(train|valid)\..+")


@dataclass(frozen=True)
class Trial:
    """A cell, and the mean of the goal over its seeds; None if a seed diverged, which is worse than any number."""

    cell: Cell
    value: float | None


@dataclass(frozen=True)
class Search:
    """A search in `ranges` for the best `goal`, a column of the sweep's table: `trials` trials, `parallel` of them at a time."""

    ranges: dict[str, Range]
    trials: int
    seed: int
    goal: str
    parallel: int
    by_chance: int = 10  # random trials before the first that depends on results

    def __post_init__(self) -> None:
        if not GOAL.fullmatch(self.goal):
            raise Problem(
                f"tpe.goal = '{self.goal}' does not fit: a goal is valid.loss, valid.accuracy, cka.valid.LAYER, or the same of "
                "train; metrics of queries may not select settings."
            )
        installed("A table [tpe]", "search", "optuna")

    @property
    def direction(self) -> str:
        """Optuna's direction: losses are minimized, all else maximized."""
        return "minimize" if self.goal.endswith("loss") else "maximize"

    def cell(self, number: int, known: Sequence[Trial]) -> Cell:
        """The cell of trial `number`, given the results of the first trials."""
        optuna = _optuna()
        sampler = optuna.samplers.TPESampler(seed=_seed(self.seed, number), n_startup_trials=self.by_chance)
        study = optuna.create_study(direction=self.direction, sampler=sampler)
        study.add_trials([self._optuna_trial(trial) for trial in known])
        drawn = study.ask(self._distributions()).params
        return {name: _value(axis, drawn[name]) for name, axis in self.ranges.items()}

    def corners(self) -> list[Cell]:
        """Cells that check the ranges: each choice of an axis, or its ends and a value between; the other axes keep their first value."""
        ends = {
            name: list(axis.choices) or [axis.at(fraction) for fraction in (0.0, 0.382, 1 - 1e-9)] for name, axis in self.ranges.items()
        }
        first = {name: values[0] for name, values in ends.items()}
        return [first | {name: value} for name, values in ends.items() for value in values]

    def save(self, known: Sequence[Trial], path: Path) -> None:
        """Writes the trials as a journal for Optuna and its dashboard: `JournalStorage(JournalFileBackend(path))`."""
        optuna = _optuna()

        def fill(temporary: Path) -> None:
            temporary.unlink(missing_ok=True)  # left by a process of the same number that was killed while writing
            backend = optuna.storages.journal.JournalFileBackend(str(temporary), lock_obj=_NoLock())
            storage = optuna.storages.JournalStorage(backend)
            study = optuna.create_study(study_name=path.parent.name, storage=storage, direction=self.direction)
            study.add_trials([self._optuna_trial(trial) for trial in known])

        files.write(path, fill)

    def _distributions(self) -> dict[str, Any]:
        kinds = _optuna().distributions
        return {
            name: kinds.CategoricalDistribution([format_value(choice) for choice in axis.choices])
            if axis.choices
            else kinds.IntDistribution(int(axis.low), int(axis.high), log=axis.log)
            if axis.integer
            else kinds.FloatDistribution(axis.low, axis.high, log=axis.log)
            for name, axis in self.ranges.items()
        }

    def _optuna_trial(self, trial: Trial) -> Any:
        """The trial for Optuna. One without a value is passed as pruned, which Optuna ranks below every other."""
        optuna = _optuna()
        params = {name: format_value(value) if self.ranges[name].choices else value for name, value in trial.cell.items()}
        state = optuna.trial.TrialState.PRUNED if trial.value is None else optuna.trial.TrialState.COMPLETE
        return optuna.trial.create_trial(state=state, value=trial.value, params=params, distributions=self._distributions())


class _NoLock:
    """A lock that is always free, for a private file. Optuna's own lock is a link, which would block after a kill."""

    def acquire(self) -> bool:
        """Returns True."""
        return True

    def release(self) -> None:
        """Does nothing."""


def _value(axis: Range, drawn: Any) -> Any:
    """The drawn value as a recipe holds it: the choice with this text, or a number rounded to six digits as in `Range.at`."""
    if axis.choices:
        return next(choice for choice in axis.choices if format_value(choice) == drawn)
    return int(drawn) if axis.integer else min(max(float(f"{drawn:.6g}"), axis.low), axis.high)


def _seed(seed: int, number: int) -> int:
    return int.from_bytes(hashlib.sha256(json.dumps([seed, number]).encode()).digest()[:4], "big")


def _optuna() -> Any:
    optuna = importlib.import_module("optuna")
    optuna.logging.set_verbosity(optuna.logging.WARNING)
    return optuna
