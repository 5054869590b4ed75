"""The desk on one screen: a heading with a count and a few lines for each section, then the next steps with their reasons."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from rich.console import Console, ConsoleOptions, Group, RenderableType, RenderResult
from rich.text import Text

from scratchlab.notebook.desk.morning import Section
from scratchlab.notebook.desk.next_steps import Step
from scratchlab.notebook.link import place

SCREEN = 36  # lines
LEAST = 44  # columns of a text that make sense
MOST = 6  # lines of a section, where there is room


def desk(made: Sequence[Section], steps: Sequence[Step], since: datetime, now: datetime, most: int = 0) -> RenderableType:
    """All of it.

    most: lines of a section; as many as fit on a screen, if not given.
    """
    if not made and not steps:
        return Text(f"Nothing new since {_moment(since, now)}, and nothing open.")
    lines = most or _fitting([len(one.items) for one in made], SCREEN - 2 - 2 * len(steps))
    parts: list[RenderableType] = [Text(f"Since {_moment(since, now)}", style="dim")]
    for section in made:
        parts += _section(section, lines)
    if steps:
        parts += [Text("Next", style="bold")]
        for number, step in enumerate(steps, 1):
            parts.append(_Row(Text.assemble((f"{number:>8}  ", "bold"), step.text), Text()))
            parts.append(_Row(Text(f"{'':10}{step.reason}", style="dim"), place(step.place)))
    return Group(*parts)


def _fitting(lengths: Sequence[int], room: int) -> int:
    """How many lines each section may have, so that all fit with their headings; one, if even that is too much."""
    return next((lines for lines in range(MOST, 1, -1) if sum(1 + min(lines, length) for length in lengths) <= room), 1)


def _section(section: Section, lines: int) -> list[RenderableType]:
    hidden = section.total > lines
    head = Text.assemble((section.title, f"bold {section.style}"), (f"  {lines} of {section.total}" if hidden else "", "dim"))
    return [head, *(_Row(Text.assemble((f"{item.when:>8}  ", "dim"), item.text), place(item.place)) for item in section.items[:lines])]


@dataclass(frozen=True)
class _Row:
    """A text that is cut where it must be, and a place that never is; where both have no room, the place stands below."""

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


def _moment(moment: datetime, now: datetime) -> str:
    """`today 08:12`, `yesterday 00:00`, `Friday 18:40`, `3 March 2026, 18:40`."""
    days = (now.date() - moment.date()).days
    if days <= 1:
        return f"{'yesterday' if days else 'today'} {moment:%H:%M}"
    return f"{moment:%A %H:%M}" if days < 7 else f"{moment.day} {moment:%B %Y, %H:%M}"
