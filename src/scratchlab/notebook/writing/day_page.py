"""The page of one day: the runs that began or ended on it, and given jobs."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date

from scratchlab.notebook.writing.cards import Card
from scratchlab.notebook.writing.markdown import code, front, link, quoted
from scratchlab.report.words import setting


def page(day: date, runs: Sequence[Card], jobs: Sequence[str] = ()) -> str:
    """The generated part of the page; jobs: one line of Markdown each."""
    states = [card.state for card in runs]
    lines = [
        front({"date": day, "runs": len(runs), "finished": states.count("finished")}),
        f"# {day:%A}, {day.day} {day:%B %Y}",
        "",
        "## Runs",
        "",
        *([] if runs else ["No run began or ended on this day.", ""]),
    ]
    for card in runs:
        lines += [f"### {link('runs', card.page)}", "", *([*quoted(card.note), ""] if card.note else [])]
        lines += [f"**{card.state}**: {card.headline}", ""]
        lines += [f"{card.when(day)}, recipe {link('recipes', card.recipe)}{_changed(card)}", ""]
    if jobs:
        lines += ["## Jobs", "", *(f"- {' '.join(job.split())}" for job in jobs), ""]
    return "\n".join(lines)


def jobs_of(text: str) -> list[str]:
    """The jobs listed on a page."""
    return [
        line.removeprefix("- ") for line in text.partition("\n## Jobs\n")[2].partition("\n%% ")[0].splitlines() if line.startswith("- ")
    ]


def _changed(card: Card) -> str:
    """The changed settings, in a few words."""
    settings = [code(f"{path} = {setting(value)}") for path, value in (card.changed or {}).items() if value is not None]
    return f", with {', '.join(settings)}" if settings else ""
