"""The page of a recipe: a table of its runs, the newest first."""

from __future__ import annotations

from collections.abc import Sequence

from scratchlab.notebook.writing.cards import Card
from scratchlab.notebook.writing.markdown import front, line, link, table
from scratchlab.report.words import first_words

NOTE = 60  # characters shown of a note


def page(name: str, runs: Sequence[Card]) -> str:
    """The generated part of the page."""
    rows = [
        (link("runs", card.page), str(card.begun.date()), card.state, card.headline, first_words(card.note, NOTE))
        for card in reversed(runs)
    ]
    head = [front({"recipe": name, "runs": len(runs)}), f"# {line(name)}", ""]
    return "\n".join([*head, *table(("run", "day", "state", "headline", "note"), rows), ""])
