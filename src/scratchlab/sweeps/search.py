"""Cells that are chosen by what earlier ones came to: the tree-structured Parzen estimator, by Optuna.

The runs themselves are the memory. Trial n is drawn from (seed, n) and what trials 0 … n - parallel came to, so whoever makes the runs, in
whatever order they end, and however often the search is killed, the cells are the same; asked again, it finds them by their runs.
Source: Bergstra, Bardenet, Bengio & Kégl (2011), "Algorithms for Hyper-Parameter Optimization", NeurIPS 24, section 4.
"""

from __future__ import annotations

import hashlib
import importlib
import importlib.util
import json
import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from scratchlab.checks import Problem
from scratchlab.sweeps.axes import Cell, Range, shown

GOAL = re.compile(r"(train|valid)\.(loss|accuracy)|cka\.(train|valid)\..+")


@dataclass(frozen=True)
class Trial:
    """A cell, and the mean of the goal over its seeds; None where one diverged or failed: worse than any number."""

    cell: Cell
    value: float | None


@dataclass(frozen=True)
class Search:
    """What is searched: so many trials in these ranges for the best `goal`, a column of the sweep's table; `parallel` of them at a time."""

    ranges: dict[str, Range]
    trials: int
    seed: int
    goal: str
    parallel: int

    def __post_init__(self) -> None:
        if not GOAL.fullmatch(self.goal):
            raise Problem(
                f"tpe.goal = '{self.goal}' does not fit: what chooses is valid.loss, valid.accuracy, train.loss, train.accuracy or "
                "cka.valid.LAYER; what is told of queries never chooses."
            )
        if importlib.util.find_spec("optuna") is None:
            raise Problem("A table [tpe] needs optuna, not installed here: pip install 'scratchlab[search]'")

    @property
    def direction(self) -> str:
        """Losses are made small, all else large."""
        return "minimize" if self.goal.endswith("loss") else "maximize"

    def cell(self, number: int, known: Sequence[Trial]) -> Cell:
        """The cell of trial `number`, given what is known of the first trials."""
        optuna = _optuna()
        sampler = optuna.samplers.TPESampler(seed=_seed(self.seed, number))
        study = optuna.create_study(direction=self.direction, sampler=sampler)
        study.add_trials([self._told(trial) for trial in known])
        drawn = study.ask(self._distributions()).params
        return {name: _value(one, drawn[name]) for name, one in self.ranges.items()}

    def save(self, known: Sequence[Trial], path: Path) -> None:
        """Writes the trials as a journal that Optuna and its dashboard open: `JournalStorage(JournalFileBackend(path))`."""
        optuna, made = _optuna(), path.with_name(f".{path.name}.part")
        made.unlink(missing_ok=True)
        storage = optuna.storages.JournalStorage(optuna.storages.journal.JournalFileBackend(str(made)))
        study = optuna.create_study(study_name=path.parent.name, storage=storage, direction=self.direction)
        study.add_trials([self._told(trial) for trial in known])
        made.replace(path)

    def _distributions(self) -> dict[str, Any]:
        kinds = _optuna().distributions
        return {
            name: kinds.CategoricalDistribution([shown(choice) for choice in one.choices])
            if one.choices
            else kinds.IntDistribution(int(one.low), int(one.high), log=one.log)
            if one.integer
            else kinds.FloatDistribution(one.low, one.high, log=one.log)
            for name, one in self.ranges.items()
        }

    def _told(self, trial: Trial) -> Any:
        """Of a trial without a value, Optuna thinks what it thinks of one that was stopped at once: worse than any other."""
        optuna = _optuna()
        params = {name: shown(value) if self.ranges[name].choices else value for name, value in trial.cell.items()}
        state = optuna.trial.TrialState.PRUNED if trial.value is None else optuna.trial.TrialState.COMPLETE
        return optuna.trial.create_trial(state=state, value=trial.value, params=params, distributions=self._distributions())


def _value(one: Range, drawn: Any) -> Any:
    """As a recipe has it: of choices the one so called, of numbers six places, as all ranges give."""
    if one.choices:
        return next(choice for choice in one.choices if shown(choice) == drawn)
    return int(drawn) if one.integer else min(max(float(f"{drawn:.6g}"), one.low), one.high)


def _seed(seed: int, number: int) -> int:
    return int.from_bytes(hashlib.sha256(json.dumps([seed, number]).encode()).digest()[:4], "big")


def _optuna() -> Any:
    optuna = importlib.import_module("optuna")
    optuna.logging.set_verbosity(optuna.logging.WARNING)
    return optuna
