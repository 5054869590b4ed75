"""Commands of the notebook's memory: bring it up to date, and ask it."""

from __future__ import annotations

import contextlib
import sys
from collections.abc import Callable, Generator
from datetime import datetime
from typing import TYPE_CHECKING, Annotated

import typer

from scratchlab.checks import Problem, counted, duration
from scratchlab.cli.program import app, console, progress

if TYPE_CHECKING:
    import sqlite3

    from scratchlab.notebook.index.refresh import Changes
    from scratchlab.notebook.index.search_index import SearchIndex

PATIENCE = 5.0  # seconds that a question waits for an encoder to read what is new
YesSend = Annotated[bool, typer.Option("--yes-send", help="agree, this time, that the lines are sent to the model's machine")]
Again = Annotated[bool, typer.Option("--again", help="make it anew from nothing; it holds nothing that its sources do not")]


@app.command()
def index(
    again: Again = False,
    meaning: Annotated[
        bool, typer.Option("--meaning", help="let every encoder read all lines, which takes minutes, once; Ctrl-C loses none of it")
    ] = False,
    watch: Annotated[bool, typer.Option("--watch", help="stay, and read what changes within a second, until Ctrl-C")] = False,
) -> None:
    """Bring the notebook's index up to date with notes, runs, logs and jobs."""
    with _remembered(again, None if meaning else PATIENCE) as (memory, changes):
        _told(changes)
        console.print(f"{counted(len(memory.arrays.ids), 'event')} in all.")
        if memory.meaning is None:
            console.print(_words_alone(), style="dim")
        waits = _left_out(memory)
    if waits:
        console.print(waits, style="dim")
    if watch:
        _follow()


def _told(changes: Changes) -> None:
    kept = f", {counted(changes.kept, 'thing')} unchanged" if changes.kept else ""
    dropped = f", {changes.dropped} gone" if changes.dropped else ""
    console.print(f"{counted(changes.read, 'thing')} read{kept}{dropped}.")
    for key, reason in changes.refused:
        console.print(f"  left as it was: {reason if reason.startswith(key) else f'{key} ({reason})'}", style="yellow")


def _words_alone() -> str:
    """That no encoder reads, and what would let one."""
    from scratchlab.notebook.settings import own, settings

    if settings().encoders == ():  # chosen so; where nothing is chosen, none is installed
        return f"Words alone are searched, for {own().file} chooses no encoder; take encoders = [] out to search by meaning too."
    return "Words alone are searched; pip install 'scratchlab[meaning]' searches by meaning too."


def _left_out(memory: SearchIndex) -> str:
    """That encoders are left out, for how long they would read, and how to let them; empty if none are."""
    seconds = sum(memory.meaning.left_out.values()) if memory.meaning is not None else 0
    if not seconds:
        return ""
    return f"More is found once all lines are read for their meaning, some {duration(seconds)} of one core: scratchlab index --meaning"


def _follow() -> None:
    from threading import Event

    from scratchlab.notebook.index import table
    from scratchlab.notebook.index.follow import follow
    from scratchlab.notebook.index.sources.catalog import SOURCES
    from scratchlab.notebook.settings import own, settings

    chosen = settings()
    folders = [*chosen.vault, *chosen.projects, *chosen.runs, *chosen.papers]
    console.print(f"Watching {counted(len(folders), 'folder')}; Ctrl-C ends it.")
    with contextlib.suppress(KeyboardInterrupt), contextlib.closing(table.opened(own().derived / "index.sqlite")) as base:
        follow(base, {name: source(chosen) for name, source in SOURCES.items()}, folders, _told, Event())


@app.command()
def ask(
    question: Annotated[
        list[str] | None, typer.Argument(metavar="QUESTION", help="in English, Chinese or Korean, with a time in it or without")
    ] = None,
    most: Annotated[int, typer.Option("--most", "-n", min=1, help="lines to show")] = 5,
    lines: Annotated[bool, typer.Option("--lines", help="the lines alone, though a model is named in notebook.toml")] = False,
    send: YesSend = False,
    sent: Annotated[
        bool, typer.Option("--sent", help="ask nothing: list what was ever sent to other machines, and who may be sent more")
    ] = False,
) -> None:
    """Ask your notes, runs, logs and jobs; the answer is the lines that prove it."""
    from scratchlab.notebook.recall.answer.answer import answer_with_model
    from scratchlab.notebook.recall.ask import ask as asked
    from scratchlab.notebook.recall.terminal import answer, evidence
    from scratchlab.notebook.settings import own, settings

    if sent:
        from scratchlab.notebook.recall.answer.sent_requests import sent_requests

        console.print(sent_requests(own().kept), soft_wrap=True)
        return
    said = " ".join(question or ())
    if not said.strip():
        raise Problem('ask what you want to know, like: scratchlab ask "what did I do last week?"')
    with _remembered(patience=PATIENCE) as (memory, _):
        found = asked(said, datetime.now(), memory, most)
        waits = _left_out(memory)
    model = settings().model
    if model and found.evidence and not lines:
        console.print(answer(answer_with_model(found, model, said, confirm=agreed(), once=send)))
    console.print(evidence(found))
    if waits:
        console.print(waits, style="dim")


def agreed() -> Callable[[str], bool] | None:
    """Asks a person, who is shown what would leave this machine; None if there is nobody to be asked."""
    if not (sys.stdin.isatty() and sys.stdout.isatty()):
        return None

    def shown(payload: str) -> bool:
        console.print(payload)
        return typer.confirm("Send this?", default=False)

    return shown


@contextlib.contextmanager
def _remembered(again: bool = False, patience: float | None = None) -> Generator[tuple[SearchIndex, Changes]]:
    """The index, brought up to date, with a bar where that takes long."""
    from scratchlab.notebook.index.encoders import available
    from scratchlab.notebook.index.search_index import SearchIndex
    from scratchlab.notebook.settings import own, settings

    encoders = available(settings().encoders)
    with refreshed(again) as (base, changes), progress("Reading texts for their meaning") as read:
        yield SearchIndex(base, encoders, own().derived, read, patience), changes


@contextlib.contextmanager
def refreshed(again: bool = False) -> Generator[tuple[sqlite3.Connection, Changes]]:
    """The table of events alone, brought up to date, as it is at one moment whatever others do to it.

    Raises Problem where `notebook.toml` names nothing to read, or the file cannot be used.
    """
    import sqlite3

    from scratchlab.notebook.derived import forget
    from scratchlab.notebook.index import table
    from scratchlab.notebook.index.refresh import refresh
    from scratchlab.notebook.index.sources.catalog import SOURCES
    from scratchlab.notebook.settings import own, settings

    chosen, place = settings(), own()
    if not (chosen.vault or chosen.projects or chosen.runs or chosen.papers or chosen.activity):
        raise Problem(f'{place.file} names no folder to remember; write into it: vault = "FOLDER OF YOUR NOTES" (and runs, projects)')
    path = place.derived / "index.sqlite"
    try:
        with contextlib.closing(table.opened(path)) as base:
            if again:
                table.recreate(base)
            with progress("Reading") as read:
                changes = refresh(base, {name: source(chosen) for name, source in SOURCES.items()}, read)
            with table.snapshot(base):
                yield base, changes
    except sqlite3.OperationalError as error:
        raise Problem(f"{path}: {error}; is another program holding it, or is the disk full?") from None
    except sqlite3.DatabaseError as error:
        forget(path)
        raise Problem(f"{path} was damaged ({error}) and is removed; ask again, and it is made anew from its sources.") from None
