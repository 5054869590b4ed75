"""Search results for the terminal: each line with its place as a clickable link."""

from __future__ import annotations

import textwrap

from rich.console import Group, RenderableType
from rich.padding import Padding
from rich.text import Text

from scratchlab.notebook.events import Event
from scratchlab.notebook.link import place
from scratchlab.notebook.recall.answer.answer import Answer
from scratchlab.notebook.recall.ask import Evidence, SearchResult

LINES = 6  # lines shown of an event


def evidence(found: SearchResult) -> RenderableType:
    """The recognized time, then the events; or why there are none."""
    parts: list[RenderableType] = []
    if found.query.span:
        parts.append(Text(f"{found.query.phrase}: {found.query.span.days}", style="dim"))
    if found.reason:
        parts.append(Text(found.reason + (" The nearest matches:" if found.uncertain else "")))
    for item in found.evidence:
        parts += _event(item)
    if found.evidence and found.uncertain:
        parts.append(Text("Uncertain matches:", style="dim"))
    for item in found.uncertain:
        parts += _event(item)
    return Group(*parts)


def answer(reply: Answer) -> RenderableType:
    """The supported sentences of a model's answer, and its notes."""
    sentences = [Text(sentence.text) for sentence in reply.sentences]
    notes = [Text(note, style="dim") for note in reply.notes]
    return Padding(Group(*sentences, *notes), (0, 0, 1, 0), expand=False)


def _event(item: Evidence) -> list[RenderableType]:
    when = f"{item.event.when.days}  " if item.event.when else ""
    state = f"  {item.event.state}" if item.event.state else ""
    head = Text.assemble((f"{item.number}  ", "bold"), (when, "green"), place(item.event.place), (state, "yellow"))
    above = " › ".join(part.strip() for part in above_of(item.event))
    shown: list[RenderableType] = [head]
    if above:
        shown.append(Padding(Text(above, style="dim", no_wrap=True, overflow="ellipsis"), (0, 0, 0, 3), expand=False))
    lines = textwrap.dedent(item.event.text.expandtabs(4)).rstrip().split("\n")
    shown_lines = [*lines[:LINES], *([f"… {len(lines) - LINES} more lines"] if len(lines) > LINES else [])]
    return [*shown, Padding(Text("\n".join(shown_lines)), (0, 0, 0, 3), expand=False), Text()]


def above_of(event: Event) -> tuple[str, ...]:
    """The headings and parent list items of an event, outermost first."""
    return (*event.heading, *event.under)
