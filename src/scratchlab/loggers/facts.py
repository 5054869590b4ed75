"""The contents of a run's folder as flat names, numbers and short texts, for experiment loggers."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

from scratchlab.recipe import flat
from scratchlab.store.run import Run


@dataclass(frozen=True)
class Point:
    """One value of a metric at a step (epoch, session); timestamp in milliseconds since 1970."""

    name: str
    value: float
    timestamp: int
    step: int


def settings(run: Run) -> dict[str, str]:
    """All resolved settings of the recipe, as text; parts without settings are omitted."""
    values = {name: value for name, value in flat(run.recipe()).items() if value != {}}
    return {name: value if isinstance(value, str) else json.dumps(value, ensure_ascii=False) for name, value in values.items()}


def tags(run: Run) -> dict[str, str]:
    """Tags of a run: key, seed, title, folder, and the git commit of the code, if it is known."""
    status = run.status
    environment: dict[str, Any] = run.json("environment") or {}
    git: dict[str, Any] = environment.get("git_scratchlab") or environment.get("git") or {}
    values = {"key": status["key"], "seed": status["seed"], "title": status["title"], "folder": run.folder.name}
    values |= {"commit": git.get("commit"), "changed": "yes" if git.get("changed") else "no"} if git else {}
    return {name: str(value) for name, value in values.items() if value not in (None, "")}


def records(run: Run) -> list[Point]:
    """The metrics of all epochs, in order. Timestamps are computed from the file's modification time and the epochs' durations."""
    path = run.folder / "metrics.jsonl"
    if not path.exists():
        return []
    ended, epochs = path.stat().st_mtime, list[list[Point]]()
    for record in reversed(run.records()):
        timestamp, numbers = int(ended * 1000), ((name, value) for name, value in flat(record).items() if name != "epoch")
        epochs.append([Point(name, float(value), timestamp, record["epoch"]) for name, value in numbers if isinstance(value, int | float)])
        ended -= record["seconds"]
    return [point for epoch in reversed(epochs) for point in epoch]


def headline(run: Run) -> list[Point]:
    """The defined metrics of a run's result: those of each head, those by context with the context's index as the step, and those of the
    leading head again as `result`. Empty before a run is finished.
    """
    result = run.result()
    if not result:
        return []
    values = [(f"result.{metric}", estimate, 0) for metric, estimate in result.head.metrics.items()]
    for name, head in result.heads.items():
        values += [(f"{name}.{metric}", estimate, 0) for metric, estimate in head.metrics.items()]
        if len(head.rows) > 1:
            values += [
                (f"{name}.{metric}", estimate, step) for step, row in enumerate(head.rows) for metric, estimate in row.metrics.items()
            ]
    timestamp = int((run.folder / "result.json").stat().st_mtime * 1000)
    return [Point(name, estimate.value, timestamp, step) for name, estimate, step in values if estimate.value is not None]
