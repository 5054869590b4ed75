"""Commands of the daily summary, and of drafts that continue a note."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated

import typer

from scratchlab.cli.program import app, console
from scratchlab.cli.recall import YesSend, consent_prompt, refreshed


@app.command()
def start(
    date: Annotated[
        str,
        typer.Option("--date", help="the summary as of the end of that day (2026-11-20, yesterday, …); this visit is not recorded"),
    ] = "",
    project: Annotated[str, typer.Option("--project", "-p", help="only one project, one note, or the runs of one recipe")] = "",
    most: Annotated[int, typer.Option("--most", "-n", min=0, help="lines per section; 0: as many as fit on a screen")] = 0,
    done: Annotated[
        list[int] | None, typer.Option("--done", metavar="NUMBER", help="mark a step as begun, or a begun step as done")
    ] = None,
    refused: Annotated[list[int] | None, typer.Option("--not", metavar="NUMBER", help="hide a step for thirty days")] = None,
) -> None:
    """Show what happened since your last visit, what is unfinished, and five suggested next steps with reasons."""
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
        events = recent_events(base, since, now, project)
        suggested = steps(base, events, kept, project)
        parts = sections(base, events, most or terminal.MOST)
        if date:
            console.print(f"Summary at the end of {now:%A}, {now.day} {now:%B %Y}", style="bold")
        console.print(terminal.daily_summary(parts, suggested, since, now, most), soft_wrap=True)  # file:line references are never wrapped
        for key, reason in changes.refused:
            console.print(f"  not updated: {key} ({reason})", style="yellow")
    if not date:
        kept.shown = [step.key for step in suggested]
        kept.write(file)


@app.command("continue")
def continue_note(
    note: Annotated[str, typer.Argument(metavar="NOTE", help="a note's name, or its file")],
    most: Annotated[int, typer.Option("--most", "-n", min=1, help="number of lines to take from earlier notes")] = 5,
    lines: Annotated[bool, typer.Option("--lines", help="show only these lines, even if notebook.toml names a model")] = False,
    send: YesSend = False,
) -> None:
    """Suggest how to continue the list at the end of a note, from what followed similar lists; nothing is written into the note.

    A model named in notebook.toml adds lines of its own, marked as generated.
    """
    from scratchlab.notebook.daily import draft_terminal
    from scratchlab.notebook.daily.brainstorm import draft
    from scratchlab.notebook.recall.answer.drafting import Drafting
    from scratchlab.notebook.settings import own, settings

    chosen = settings().model
    model = Drafting(chosen, own().kept, consent_prompt(), send) if chosen and not lines else None
    with refreshed() as (base, _):
        console.print(draft_terminal.shown(draft(base, note, model, most)), soft_wrap=True)
