"""What a page says of a run: read from its folder, in words."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, replace
from datetime import date, datetime
from pathlib import Path
from typing import Any

from scratchlab.checks import duration
from scratchlab.notebook.dates.calendar import local
from scratchlab.notebook.writing.markdown import filed
from scratchlab.recipe import Values
from scratchlab.report.run.words import sentence
from scratchlab.store.run import Run


@dataclass(frozen=True)
class Card:
    """A run in short. Times are naive and local, as diaries keep them; `ended` is None of one that goes on.

    value: the headline metric of the leading head, if there is a result; metric: its name.
    page: what its page is called, its own name unless an earlier run of another folder has that.
    changed: the settings that are not the recipe's own, by path; None where that was not recorded.
    """

    run: Run
    page: str
    recipe: str
    state: str
    begun: datetime
    ended: datetime | None
    note: str
    headline: str
    metric: str
    value: float | None
    changed: Values | None

    @property
    def name(self) -> str:
        """Of its folder."""
        return self.run.folder.name

    @property
    def days(self) -> set[date]:
        """On which it began and ended."""
        return {self.begun.date(), (self.ended or self.begun).date()}

    def when(self, day: date | None = None) -> str:
        """From when to when, and how long that was; the dates where they are not this day's."""

        def told(time: datetime) -> str:
            return f"{time:%H:%M}" if time.date() == day else f"{time:%Y-%m-%d %H:%M}"

        if self.ended is None:
            return f"since {told(self.begun)}"
        if f"{self.begun:%Y-%m-%d %H:%M}" == f"{self.ended:%Y-%m-%d %H:%M}":
            return f"{told(self.begun)}, {duration((self.ended - self.begun).total_seconds())}"
        end = f"{self.ended:%H:%M}" if self.ended.date() == self.begun.date() else told(self.ended)
        return f"{told(self.begun)}–{end}, {duration((self.ended - self.begun).total_seconds())}"


def card(run: Run) -> Card | None:
    """A run in short, or None of one whose status cannot be read."""
    status = run.status
    if status["state"] == "damaged":
        return None
    state, result = run.state(), run.result()
    ended = None if state in ("created", "running") else local(status.get("heartbeat", status["created"]))
    told = "diverged" if status.get("diverged") and state == "failed" else state
    return Card(
        run,
        filed(run.folder.name),
        status["recipe"],
        told,
        local(status["created"]),
        ended,
        run.note,
        result.headline if result else _without(run, told),
        result.metric if result else "",
        result.head.headline.value if result else None,
        status.get("changed"),
    )


def cards(folders: list[Path]) -> list[Card]:
    """Of all runs in these folders, each once, in the order in which they began."""
    found = {path.parent.resolve() for folder in folders for path in folder.glob("[!.]*/status.json")}
    made = sorted((made for path in found if (made := card(Run(path)))), key=lambda one: (one.begun, str(one.run.folder)))
    taken: set[str] = set()
    for place, one in enumerate(made):
        if one.page in taken:
            where = hashlib.sha256(str(one.run.folder).encode()).hexdigest()[:4]
            made[place] = replace(one, page=f"{one.page}-{where}")
        taken.add(one.page)
    return made


def _without(run: Run, state: str) -> str:
    """What became of a run without a result, and what it said last."""
    training: dict[str, Any] = run.recipe().get("training", {})
    said = run.status.get("where", "") if state in ("failed", "diverged") else ""
    return " ".join(f"{sentence(state, len(run.records()), training.get('epochs', 0))} {said}".split())
