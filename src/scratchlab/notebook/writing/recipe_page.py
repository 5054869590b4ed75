"""The page of a recipe: all runs of it, the newest first."""

from __future__ import annotations

from collections.abc import Sequence

from scratchlab.notebook.writing.cards import Card
from scratchlab.notebook.writing.markdown import front, line, link, table
from scratchlab.report.words import first_words

NOTE = 60  # characters of a note in the table


def page(name: str, runs: Sequence[Card]) -> str:
    """The generated part."""
    rows = [(link("runs", one.page), str(one.begun.date()), one.state, one.headline, first_words(one.note, NOTE)) for one in reversed(runs)]
    head = [front({"recipe": name, "runs": len(runs)}), f"# {line(name)}", ""]
    return "\n".join([*head, *table(("run", "day", "state", "headline", "note"), rows), ""])
