"""Commands of the desk: what a morning begins with, and what may come next in a brainstorm."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated

import typer

from scratchlab.cli.program import app, console
from scratchlab.cli.recall import YesSend, agreed, refreshed


@app.command()
def start(
    date: Annotated[
        str,
        typer.Option("--date", help="the desk as it was at the end of that day (2026-11-20, yesterday, …); nothing is remembered"),
    ] = "",
    project: Annotated[str, typer.Option("--project", "-p", help="of one project or note, or of runs of one recipe")] = "",
    most: Annotated[int, typer.Option("--most", "-n", min=0, help="lines of a section; 0: as many as fit on a screen")] = 0,
    done: Annotated[list[int] | None, typer.Option("--done", metavar="NUMBER", help="a step you begin, or one begun that is over")] = None,
    refused: Annotated[list[int] | None, typer.Option("--not", metavar="NUMBER", help="a step not to be shown for thirty days")] = None,
) -> None:
    """Show what happened since you were last here, what lies open, and five next steps with their reasons."""
    from datetime import time, timedelta

    from scratchlab.notebook.daily import terminal
    from scratchlab.notebook.daily.sections import check_project, recent_events, sections
    from scratchlab.notebook.daily.steps import steps
    from scratchlab.notebook.daily.visit_state import VisitState
    from scratchlab.notebook.dates import since as words
    from scratchlab.notebook.settings import own

    now = datetime.now().replace(microsecond=0)
    file = own().kept / "desk.json"
    kept = VisitState() if date else VisitState.read(file)
    kept.accept(done or [], now)
    kept.refuse(refused or [], now)
    since = kept.visit(now)
    if date:
        day = words.day(date, now)
        since, now = datetime.combine(day - timedelta(days=1), time.min), min(now, datetime.combine(day, time.max))
    with refreshed() as (base, changes):
        check_project(base, project)
        recent = recent_events(base, since, now, project)
        coming = steps(base, recent, kept, project)
        made = sections(base, recent, most or terminal.MOST)
        if date:
            console.print(f"The desk at the end of {now:%A}, {now.day} {now:%B %Y}", style="bold")
        console.print(terminal.daily_summary(made, coming, since, now, most), soft_wrap=True)  # a place is never cut
        for key, reason in changes.refused:
            console.print(f"  left as it was: {key} ({reason})", style="yellow")
    if not date:
        kept.shown = [step.key for step in coming]
        kept.write(file)


@app.command("continue")
def continue_note(
    note: Annotated[str, typer.Argument(metavar="NOTE", help="a note's name, or its file")],
    most: Annotated[int, typer.Option("--most", "-n", min=1, help="lines to draw from earlier notes")] = 5,
    lines: Annotated[bool, typer.Option("--lines", help="these lines alone, though a model is named in notebook.toml")] = False,
    send: YesSend = False,
) -> None:
    """Draft what may come next in a brainstorm, from what followed similar lists before; nothing is written into the note.

    A model that notebook.toml names adds lines of its own, which are marked.
    """
    from scratchlab.notebook.daily import draft_terminal
    from scratchlab.notebook.daily.brainstorm import draft
    from scratchlab.notebook.recall.answer.drafting import Drafting
    from scratchlab.notebook.settings import own, settings

    named = settings().model
    model = Drafting(named, own().kept, agreed(), send) if named and not lines else None
    with refreshed() as (base, _):
        console.print(draft_terminal.shown(draft(base, note, model, most)), soft_wrap=True)
