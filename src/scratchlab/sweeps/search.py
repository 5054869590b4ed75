"""Cells that are chosen by what earlier ones came to: the tree-structured Parzen estimator, by Optuna.

The runs themselves are the memory. Trial n is drawn from (seed, n) and what trials 0 … n - parallel came to, so whoever makes the runs, in
whatever order they end, and however often the search is killed, the cells are the same; asked again, it finds them by their runs.
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
from scratchlab.sweeps.axes import Cell, Range, shown

GOAL = re.compile(r"(train|valid)\.(loss|accuracy)|cka\.(train|valid)\..+")


@dataclass(frozen=True)
class Trial:
    """A cell, and the mean of the goal over its seeds; None where one diverged: worse than any number."""

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
    by_chance: int = 10  # trials before any is drawn by what came of others

    def __post_init__(self) -> None:
        if not GOAL.fullmatch(self.goal):
            raise Problem(
                f"tpe.goal = '{self.goal}' does not fit: what chooses is valid.loss, valid.accuracy or cka.valid.LAYER, or the same "
                "of train; what is told of queries never chooses."
            )
        installed("A table [tpe]", "search", "optuna")

    @property
    def direction(self) -> str:
        """Losses are made small, all else large."""
        return "minimize" if self.goal.endswith("loss") else "maximize"

    def cell(self, number: int, known: Sequence[Trial]) -> Cell:
        """The cell of trial `number`, given what is known of the first trials."""
        optuna = _optuna()
        sampler = optuna.samplers.TPESampler(seed=_seed(self.seed, number), n_startup_trials=self.by_chance)
        study = optuna.create_study(direction=self.direction, sampler=sampler)
        study.add_trials([self._told(trial) for trial in known])
        drawn = study.ask(self._distributions()).params
        return {name: _value(one, drawn[name]) for name, one in self.ranges.items()}

    def corners(self) -> list[Cell]:
        """Cells with every choice of each axis, or both ends of its range and a place between, the other axes at their first."""
        ends = {name: list(one.choices) or [one.at(share) for share in (0.0, 0.382, 1 - 1e-9)] for name, one in self.ranges.items()}
        first = {name: several[0] for name, several in ends.items()}
        return [first | {name: value} for name, several in ends.items() for value in several]

    def save(self, known: Sequence[Trial], path: Path) -> None:
        """Writes the trials as a journal that Optuna and its dashboard open: `JournalStorage(JournalFileBackend(path))`."""
        optuna = _optuna()

        def fill(beside: Path) -> None:
            beside.unlink(missing_ok=True)  # of a process of the same number, killed as it wrote
            backend = optuna.storages.journal.JournalFileBackend(str(beside), lock_obj=_Unshared())
            storage = optuna.storages.JournalStorage(backend)
            study = optuna.create_study(study_name=path.parent.name, storage=storage, direction=self.direction)
            study.add_trials([self._told(trial) for trial in known])

        files.write(path, fill)

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


class _Unshared:
    """The lock of a file that nobody else knows of. Optuna's own is a link that a kill leaves behind, and that is waited for."""

    def acquire(self) -> bool:
        """It is always free."""
        return True

    def release(self) -> None:
        """Nothing was taken."""


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
