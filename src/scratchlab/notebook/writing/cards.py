"""Summaries of runs for pages, read from the runs' folders."""

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
    """A summary of a run. Times are naive local times as in diaries; `ended` is None for a run that is not over.

    page: the name of its page: its own name, with a suffix if an earlier run in another folder has the same.
    value: the headline metric of the leading head, if there is a result; metric: its name.
    changed: settings that differ from the recipe, by path; None if that was not recorded.
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
        """The name of its folder."""
        return self.run.folder.name

    @property
    def days(self) -> set[date]:
        """The days on which it began and ended."""
        return {self.begun.date(), (self.ended or self.begun).date()}

    def when(self, day: date | None = None) -> str:
        """Start, end and duration; times on `day` without their dates."""

        def format_time(time: datetime) -> str:
            return f"{time:%H:%M}" if time.date() == day else f"{time:%Y-%m-%d %H:%M}"

        if self.ended is None:
            return f"since {format_time(self.begun)}"
        if f"{self.begun:%Y-%m-%d %H:%M}" == f"{self.ended:%Y-%m-%d %H:%M}":
            return f"{format_time(self.begun)}, {duration((self.ended - self.begun).total_seconds())}"
        end = f"{self.ended:%H:%M}" if self.ended.date() == self.begun.date() else format_time(self.ended)
        return f"{format_time(self.begun)}–{end}, {duration((self.ended - self.begun).total_seconds())}"


def card(run: Run) -> Card | None:
    """The summary of a run; None if its status is damaged."""
    status = run.status
    if status["state"] == "damaged":
        return None
    state, result = run.state(), run.result()
    ended = None if state in ("created", "running") else local(status.get("heartbeat", status["created"]))
    current_state = "diverged" if status.get("diverged") and state == "failed" else state
    return Card(
        run,
        filed(run.folder.name),
        status["recipe"],
        current_state,
        local(status["created"]),
        ended,
        run.note,
        result.headline if result else _without(run, current_state),
        result.metric if result else "",
        result.head.headline.value if result else None,
        status.get("changed"),
    )


def cards(folders: list[Path]) -> list[Card]:
    """The summaries of all runs in these folders, without duplicates, sorted by start."""
    found = {path.parent.resolve() for folder in folders for path in folder.glob("[!.]*/status.json")}
    summaries = sorted(
        (summaries for path in found if (summaries := card(Run(path)))), key=lambda card_: (card_.begun, str(card_.run.folder))
    )
    taken: set[str] = set()
    for position, card_ in enumerate(summaries):
        if card_.page in taken:
            suffix = hashlib.sha256(str(card_.run.folder).encode()).hexdigest()[:4]
            summaries[position] = replace(card_, page=f"{card_.page}-{suffix}")
        taken.add(card_.page)
    return summaries


def _without(run: Run, state: str) -> str:
    """The state of a run without a result, and its last message."""
    training: dict[str, Any] = run.recipe().get("training", {})
    message = run.status.get("where", "") if state in ("failed", "diverged") else ""
    return " ".join(f"{sentence(state, len(run.records()), training.get('epochs', 0))} {message}".split())
