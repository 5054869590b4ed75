"""A run's folder as mirrors want it: names, numbers and short texts, nothing nested."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

from scratchlab.recipe import flat
from scratchlab.store.run import Run


@dataclass(frozen=True)
class Point:
    """One number of a curve: at which step (epoch, session), and when, in milliseconds since 1970."""

    name: str
    value: float
    at: int
    step: int


def settings(run: Run) -> dict[str, str]:
    """Every setting of the recipe, resolved, as text; nothing of a part that has none."""
    found = {name: value for name, value in flat(run.recipe()).items() if value != {}}
    return {name: value if isinstance(value, str) else json.dumps(value, ensure_ascii=False) for name, value in found.items()}


def known(run: Run) -> dict[str, str]:
    """What a run is known by: key, seed, title, and the commit of the code, if it lay in a checkout."""
    status = run.status
    environment: dict[str, Any] = run.json("environment") or {}
    git: dict[str, Any] = environment.get("git_scratchlab") or environment.get("git") or {}
    told = {"key": status["key"], "seed": status["seed"], "title": status["title"], "folder": run.folder.name}
    told |= {"commit": git.get("commit"), "changed": "yes" if git.get("changed") else "no"} if git else {}
    return {name: str(value) for name, value in told.items() if value not in (None, "")}


def records(run: Run) -> list[Point]:
    """The numbers of every epoch, in order. When each was written is told by the file's age and the seconds of those after it."""
    path = run.folder / "metrics.jsonl"
    if not path.exists():
        return []
    ended, found = path.stat().st_mtime, list[list[Point]]()
    for record in reversed(run.records()):
        at, numbers = int(ended * 1000), ((name, value) for name, value in flat(record).items() if name != "epoch")
        found.append([Point(name, float(value), at, record["epoch"]) for name, value in numbers if isinstance(value, int | float)])
        ended -= record["seconds"]
    return [point for epoch in reversed(found) for point in epoch]


def headline(run: Run) -> list[Point]:
    """What came out, where it is defined: of every head its metrics, and those by context with the context's number as their step; the
    leading head's metrics once more as `result`. Nothing before a run is finished.
    """
    result = run.result()
    if not result:
        return []
    found = [(f"result.{metric}", one, 0) for metric, one in result.head.metrics.items()]
    for name, head in result.heads.items():
        found += [(f"{name}.{metric}", one, 0) for metric, one in head.metrics.items()]
        if len(head.rows) > 1:
            found += [(f"{name}.{metric}", one, step) for step, row in enumerate(head.rows) for metric, one in row.metrics.items()]
    at = int((run.folder / "result.json").stat().st_mtime * 1000)
    return [Point(name, one.value, at, step) for name, one, step in found if one.value is not None]
