"""What was found, for the terminal: each line with its place, which a click opens."""

from __future__ import annotations

import textwrap

from rich.console import Group, RenderableType
from rich.padding import Padding
from rich.text import Text

from scratchlab.notebook.events import Event
from scratchlab.notebook.link import place
from scratchlab.notebook.recall.answer.answer import Answer
from scratchlab.notebook.recall.ask import Evidence, Found

LINES = 6  # of an event that are shown


def evidence(found: Found) -> RenderableType:
    """The time that was understood, then the events; or why there are none."""
    parts: list[RenderableType] = []
    if found.asked.span:
        parts.append(Text(f"{found.asked.said}: {found.asked.span.days}", style="dim"))
    if found.nothing:
        parts.append(Text(found.nothing + (" What comes nearest:" if found.near else "")))
    for one in found.evidence:
        parts += _event(one)
    if found.evidence and found.near:
        parts.append(Text("Near, and not for sure:", style="dim"))
    for one in found.near:
        parts += _event(one)
    return Group(*parts)


def answer(said: Answer) -> RenderableType:
    """What a model made of the evidence that follows, as far as it holds, and what is to be known besides."""
    kept = [Text(one.text) for one in said.sentences]
    notes = [Text(note, style="dim") for note in said.notes]
    return Padding(Group(*kept, *notes), (0, 0, 1, 0), expand=False)


def _event(one: Evidence) -> list[RenderableType]:
    when = f"{one.event.when.days}  " if one.event.when else ""
    state = f"  {one.event.state}" if one.event.state else ""
    head = Text.assemble((f"{one.number}  ", "bold"), (when, "green"), place(one.event.place), (state, "yellow"))
    above = " › ".join(part.strip() for part in above_of(one.event))
    shown: list[RenderableType] = [head]
    if above:
        shown.append(Padding(Text(above, style="dim", no_wrap=True, overflow="ellipsis"), (0, 0, 0, 3), expand=False))
    lines = textwrap.dedent(one.event.text.expandtabs(4)).rstrip().split("\n")
    told = [*lines[:LINES], *([f"… {len(lines) - LINES} more lines"] if len(lines) > LINES else [])]
    return [*shown, Padding(Text("\n".join(told)), (0, 0, 0, 3), expand=False), Text()]


def above_of(event: Event) -> tuple[str, ...]:
    """What stands above an event, from the outermost heading to the item it hangs under."""
    return (*event.heading, *event.under)
