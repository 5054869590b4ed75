"""A draft for the terminal, labelled as such, each quoted line with its source."""

from __future__ import annotations

from rich.console import Group, RenderableType
from rich.padding import Padding
from rich.text import Text

from scratchlab.notebook.daily.brainstorm import Draft
from scratchlab.notebook.daily.event_line import line
from scratchlab.notebook.link import place


def shown(draft: Draft) -> RenderableType:
    """The suggested lines, marked as machine-made."""
    name = draft.about.name
    head = Text(f"Draft for {name}: machine-made, not written into any note", style="bold yellow")
    why = [Text(f"No model draft: {draft.why.rstrip('.')}.", style="dim")] if draft.why else []
    if not draft.found and not draft.generated:
        none = Text(f"No draft for {name}: no other note has an open item near a line similar to this note's last list.")
        return Group(*why, none)
    parts: list[RenderableType] = [head, *why]
    if draft.generated:
        parts += [Text("Written by the language model, unchecked:", style="yellow"), Padding(Text(draft.generated), (0, 0, 1, 2))]
    if draft.found:
        parts.append(Text("Lines that followed similar lists in earlier notes:", style="yellow"))
    for event in draft.found:
        when = f"{event.when.days}  " if event.when else ""
        parts += [Text(f"  {line(event)}"), Text.assemble("    ", (when, "green"), place(event.place))]
    return Group(*parts)
