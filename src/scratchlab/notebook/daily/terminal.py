"""The daily summary on one screen: each section with a count and a few lines, then the next steps with their reasons."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from rich.console import Console, ConsoleOptions, Group, RenderableType, RenderResult
from rich.text import Text

from scratchlab.notebook.daily.next_steps import Step
from scratchlab.notebook.daily.sections import Section
from scratchlab.notebook.link import place

SCREEN = 36  # lines
LEAST = 44  # minimum columns of a text beside its place
MOST = 6  # maximum lines of a section


def daily_summary(sections: Sequence[Section], steps: Sequence[Step], since: datetime, now: datetime, most: int = 0) -> RenderableType:
    """The sections and next steps; most: lines of a section, 0 for as many as fit on a screen."""
    if not sections and not steps:
        return Text(f"Nothing new since {_format_time(since, now)}, and no open items.")
    lines = most or _fitting([len(section.items) for section in sections], SCREEN - 2 - 2 * len(steps))
    parts: list[RenderableType] = [Text(f"Since {_format_time(since, now)}", style="dim")]
    for section in sections:
        parts += _section(section, lines)
    if steps:
        parts += [Text("Next steps", style="bold")]
        for number, step in enumerate(steps, 1):
            parts.append(_Row(Text.assemble((f"{number:>8}  ", "bold"), step.text), Text()))
            parts.append(_Row(Text(f"{'':10}{step.reason}", style="dim"), place(step.place)))
    return Group(*parts)


def _fitting(lengths: Sequence[int], room: int) -> int:
    """The largest number of lines for each section with which all sections fit, at least 1."""
    return next((lines for lines in range(MOST, 1, -1) if sum(1 + min(lines, length) for length in lengths) <= room), 1)


def _section(section: Section, lines: int) -> list[RenderableType]:
    hidden = section.total > lines
    head = Text.assemble((section.title, f"bold {section.style}"), (f"  {lines} of {section.total}" if hidden else "", "dim"))
    return [head, *(_Row(Text.assemble((f"{item.when:>8}  ", "dim"), item.text), place(item.place)) for item in section.items[:lines])]


@dataclass(frozen=True)
class _Row:
    """A text, truncated if necessary, and a place, never truncated; the place moves to its own line if both do not fit."""

    text: Text
    at: Text

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        room = options.max_width - self.at.cell_len - 2 * bool(self.at)
        text = self.text.copy()
        if room >= min(LEAST, text.cell_len):
            text.truncate(room, overflow="ellipsis")
            yield Text.assemble(text, "  " if self.at else "", self.at, no_wrap=True, overflow="ignore")
        else:
            text.truncate(options.max_width, overflow="ellipsis")
            yield text
            yield Text.assemble(" " * 10, self.at, no_wrap=True, overflow="ignore")


def _format_time(moment: datetime, now: datetime) -> str:
    """`today 08:12`, `yesterday 00:00`, `Friday 18:40`, `3 March 2026, 18:40`."""
    days = (now.date() - moment.date()).days
    if days <= 1:
        return f"{'yesterday' if days else 'today'} {moment:%H:%M}"
    return f"{moment:%A %H:%M}" if days < 7 else f"{moment.day} {moment:%B %Y, %H:%M}"
