"""Commands of the notebook's memory: bring it up to date, and ask it."""

from __future__ import annotations

import contextlib
from collections.abc import Generator
from datetime import datetime
from typing import TYPE_CHECKING, Annotated

import typer

from scratchlab.checks import Problem, counted
from scratchlab.cli.program import app, console, progress

if TYPE_CHECKING:
    import sqlite3

    from scratchlab.notebook.index.memory import Memory
    from scratchlab.notebook.index.refresh import Changes

Again = Annotated[bool, typer.Option("--again", help="make it anew from nothing; it holds nothing that its sources do not")]


@app.command()
def index(again: Again = False) -> None:
    """Bring the notebook's index up to date with notes, runs, logs and jobs."""
    with _remembered(again) as (memory, changes):
        events = memory.held
        kept = f", {counted(changes.kept, 'thing')} unchanged" if changes.kept else ""
        dropped = f", {changes.dropped} gone" if changes.dropped else ""
        console.print(f"{counted(changes.read, 'thing')} read{kept}{dropped}; {counted(len(events.ids), 'event')} in all.")
        for key, reason in changes.refused:
            console.print(f"  left as it was: {key} ({reason})", style="yellow")


@app.command()
def ask(
    question: Annotated[list[str], typer.Argument(metavar="QUESTION", help="in English, Chinese or Korean, with a time in it or without")],
    most: Annotated[int, typer.Option("--most", "-n", min=1, help="lines to show")] = 5,
) -> None:
    """Ask your notes, runs, logs and jobs; the answer is the lines that prove it."""
    from scratchlab.notebook.recall.ask import ask as asked
    from scratchlab.notebook.recall.shown import evidence

    with _remembered() as (memory, _):
        console.print(evidence(asked(" ".join(question), datetime.now(), memory, most)))


@contextlib.contextmanager
def _remembered(again: bool = False) -> Generator[tuple[Memory, Changes]]:
    """The index, brought up to date, with a bar where that takes long."""
    from scratchlab.notebook.index.encoders import available
    from scratchlab.notebook.index.memory import Memory
    from scratchlab.notebook.settings import own

    with refreshed(again) as (base, changes), progress("Reading words for their meaning") as words:
        yield Memory(base, available(), own().derived, words), changes


@contextlib.contextmanager
def refreshed(again: bool = False) -> Generator[tuple[sqlite3.Connection, Changes]]:
    """The table of events alone, brought up to date. Raises Problem where `notebook.toml` names nothing to read."""
    from scratchlab.notebook.index import table
    from scratchlab.notebook.index.refresh import refresh
    from scratchlab.notebook.index.sources.catalog import SOURCES
    from scratchlab.notebook.settings import own, settings

    chosen, place = settings(), own()
    if not (chosen.vault or chosen.projects or chosen.runs):
        raise Problem(f'{place.file} names no folder to remember; write into it: vault = "FOLDER OF YOUR NOTES" (and runs, projects)')
    path = place.derived / "index.sqlite"
    if again:
        table.forget(path)
    with contextlib.closing(table.opened(path)) as base, progress("Reading") as read:
        yield base, refresh(base, {name: source(chosen) for name, source in SOURCES.items()}, read)
