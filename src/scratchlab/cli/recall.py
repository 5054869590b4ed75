"""Commands that update the notebook's index and search it."""

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

PATIENCE = 5.0  # seconds that a question waits for an encoder to embed new lines
YesSend = Annotated[bool, typer.Option("--yes-send", help="consent, for this call only, to sending the lines to the model's machine")]
Again = Annotated[bool, typer.Option("--again", help="rebuild the index from its sources")]


@app.command()
def index(
    again: Again = False,
    meaning: Annotated[
        bool,
        typer.Option("--meaning", help="embed all lines with every encoder; takes minutes the first time, and Ctrl-C keeps what is done"),
    ] = False,
    watch: Annotated[bool, typer.Option("--watch", help="keep running and index changes within a second, until Ctrl-C")] = False,
) -> None:
    """Update the notebook's index from notes, runs, logs and jobs."""
    with _open_memory(again, None if meaning else PATIENCE) as (memory, changes):
        _print_changes(changes)
        console.print(f"{counted(len(memory.arrays.ids), 'event')} in total.")
        if memory.meaning is None:
            console.print(_no_encoder_message(), style="dim")
        hint = _left_out_message(memory)
    if hint:
        console.print(hint, style="dim")
    if watch:
        _follow()


def _print_changes(changes: Changes) -> None:
    kept = f", {changes.kept} unchanged" if changes.kept else ""
    dropped = f", {changes.dropped} removed" if changes.dropped else ""
    console.print(f"{counted(changes.read, 'source')} read{kept}{dropped}.")
    for key, reason in changes.refused:
        console.print(f"  not updated: {reason if reason.startswith(key) else f'{key} ({reason})'}", style="yellow")


def _no_encoder_message() -> str:
    """Returns a hint that only words are searched, and how to enable search by meaning."""
    from scratchlab.notebook.settings import own, settings

    if settings().encoders == ():  # switched off in notebook.toml; otherwise none is installed
        return f"Only words are searched, because {own().file} has encoders = []; remove that line to search by meaning too."
    return "Only words are searched; pip install 'scratchlab[meaning]' enables search by meaning."


def _left_out_message(memory: SearchIndex) -> str:
    """Returns a hint that encoders with lines still to embed were left out, and how to run them; an empty string if none were."""
    seconds = sum(memory.meaning.left_out.values()) if memory.meaning is not None else 0
    if not seconds:
        return ""
    return f"Not all lines are embedded yet; `scratchlab index --meaning` does it in about {duration(seconds)} of one core."


def _follow() -> None:
    from threading import Event

    from scratchlab.notebook.index import table
    from scratchlab.notebook.index.follow import follow
    from scratchlab.notebook.index.sources.catalog import SOURCES
    from scratchlab.notebook.settings import own, settings

    chosen = settings()
    folders = [*chosen.vault, *chosen.projects, *chosen.runs, *chosen.papers]
    console.print(f"Watching {counted(len(folders), 'folder')}; Ctrl-C stops it.")
    with contextlib.suppress(KeyboardInterrupt), contextlib.closing(table.opened(own().derived / "index.sqlite")) as base:
        follow(base, {name: source(chosen) for name, source in SOURCES.items()}, folders, _print_changes, Event())


@app.command()
def ask(
    question: Annotated[list[str] | None, typer.Argument(metavar="QUESTION", help="in English, Chinese or Korean; may name a time")] = None,
    most: Annotated[int, typer.Option("--most", "-n", min=1, help="number of lines to show")] = 5,
    lines: Annotated[bool, typer.Option("--lines", help="show only the lines, even if notebook.toml names a model")] = False,
    send: YesSend = False,
    sent: Annotated[
        bool, typer.Option("--sent", help="list everything ever sent to other machines, and the consents given; no question is asked")
    ] = False,
) -> None:
    """Search your notes, runs, logs and jobs; the answer is the lines that support it."""
    from scratchlab.notebook.recall.answer.answer import answer_with_model
    from scratchlab.notebook.recall.ask import ask as asked
    from scratchlab.notebook.recall.terminal import answer, evidence
    from scratchlab.notebook.settings import own, settings

    if sent:
        from scratchlab.notebook.recall.answer.sent_requests import sent_requests

        console.print(sent_requests(own().kept), soft_wrap=True)
        return
    text = " ".join(question or ())
    if not text.strip():
        raise Problem('No question is given; for example: scratchlab ask "what did I do last week?"')
    with _open_memory(patience=PATIENCE) as (memory, _):
        found = asked(text, datetime.now(), memory, most)
        hint = _left_out_message(memory)
    model = settings().model
    if model and found.evidence and not lines:
        console.print(answer(answer_with_model(found, model, text, confirm=consent_prompt(), once=send)))
    console.print(evidence(found))
    if hint:
        console.print(hint, style="dim")


def consent_prompt() -> Callable[[str], bool] | None:
    """A function that shows what would be sent to another machine and asks for consent; None without a terminal."""
    if not (sys.stdin.isatty() and sys.stdout.isatty()):
        return None

    def confirmed(payload: str) -> bool:
        console.print(payload)
        return typer.confirm("Send this?", default=False)

    return confirmed


@contextlib.contextmanager
def _open_memory(again: bool = False, patience: float | None = None) -> Generator[tuple[SearchIndex, Changes]]:
    """Yields the updated index with its encoders, and what changed; shows a progress bar if that takes long."""
    from scratchlab.notebook.index.encoders import available
    from scratchlab.notebook.index.search_index import SearchIndex
    from scratchlab.notebook.settings import own, settings

    encoders = available(settings().encoders)
    with refreshed(again) as (base, changes), progress("Embedding lines") as read:
        yield SearchIndex(base, encoders, own().derived, read, patience), changes


@contextlib.contextmanager
def refreshed(again: bool = False) -> Generator[tuple[sqlite3.Connection, Changes]]:
    """Yields a connection to the updated table of events, within one read transaction, and what changed.

    Raises Problem if `notebook.toml` names nothing to index, or if the database cannot be used.
    """
    import sqlite3

    from scratchlab.notebook.derived import forget
    from scratchlab.notebook.index import table
    from scratchlab.notebook.index.refresh import refresh
    from scratchlab.notebook.index.sources.catalog import SOURCES
    from scratchlab.notebook.settings import own, settings

    chosen, place = settings(), own()
    if not (chosen.vault or chosen.projects or chosen.runs or chosen.papers or chosen.activity):
        raise Problem(f'{place.file} names no folder to index; add to it: vault = "FOLDER OF YOUR NOTES" (and runs, projects)')
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
        raise Problem(f"{path}: {error}; another program may hold it, or the disk may be full") from None
    except sqlite3.DatabaseError as error:
        forget(path)
        raise Problem(f"{path} was damaged ({error}) and has been removed; the next command rebuilds it from its sources.") from None
