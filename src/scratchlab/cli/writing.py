"""Commands that write notes: generated pages, and a text inserted into a user's note after they confirm."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
import typer.core
from rich.text import Text

from scratchlab.checks import counted
from scratchlab.cli.program import RunsFolder, app, console

if TYPE_CHECKING:
    from scratchlab.notebook.writing.own_pages import Page
    from scratchlab.store.run import Run


@app.command()
def day(
    date: Annotated[str, typer.Argument(metavar="[DATE]", help="2026-11-28, yesterday, 'last friday'; default: today")] = "today",
    runs: RunsFolder = Path("runs"),
) -> None:
    """Write or update a day's page in the vault, with a note for each run of that day."""
    from datetime import datetime

    from scratchlab.notebook import settings
    from scratchlab.notebook.dates import since
    from scratchlab.notebook.writing.diary import Diary, home

    wanted = since.day(date, datetime.now())
    chosen, own = settings.settings(), settings.own()
    pages = Diary(home(chosen, own), own, [*chosen.runs, runs]).of_day(wanted)
    _print_outcome(pages, shown=True)
    console.print(pages[-1].path, soft_wrap=True)


TEXT_ARGUMENTS = {"ignore_unknown_options": True, "help_option_names": ["--help"]}  # a text such as "- [ ] why" is not parsed as options


class _TextCommand(typer.core.TyperCommand):
    """`-h` means help only if it is the sole argument; otherwise it is text."""

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        return super().parse_args(ctx, ["--help"] if args == ["-h"] else args)


@app.command(cls=_TextCommand, context_settings=TEXT_ARGUMENTS)
def insert(
    note: Annotated[str, typer.Argument(metavar="NOTE", help="a file, a note's name, or an Obsidian link to a heading")],
    text: Annotated[str, typer.Argument(metavar="TEXT", help="the text to insert; may have several lines")],
    under: Annotated[
        str,
        typer.Option(
            "--under",
            help="the heading; PARENT#HEADING if several have this name; optional for a note with at most one heading",
        ),
    ] = "",
    yes: Annotated[bool, typer.Option("--yes", help="write without asking")] = False,
    encoding: Annotated[str, typer.Option("--encoding", help="the note's encoding, if neither UTF-8 nor UTF-16")] = "",
) -> None:
    """Append a text to the section under a heading of a note, after showing the change and asking; all other bytes stay the same."""
    from scratchlab.notebook import settings
    from scratchlab.notebook.writing import address, notes
    from scratchlab.notebook.writing.backups import Backups

    path, above = address.locate(note, settings.settings().vault)
    heading = tuple(part.strip() for part in under.split("#") if part.strip())
    plan = notes.plan_insertion(path, text, (*above, *heading), encoding)
    _show(plan.diff())
    if not yes and not typer.confirm("Write this?", default=False):
        console.print("Nothing was written.")
        raise typer.Exit(1)
    write, entry = notes.write_insertion(plan, Backups(settings.own().kept))
    if write is not plan:
        console.print("Another program saved the note in the meantime; the text was inserted into that version.")
    console.print(f"Written at {write.note}:{write.made.text_line}; `scratchlab undo` reverts it (write {entry.number}).", soft_wrap=True)


@app.command()
def undo(
    number: Annotated[int | None, typer.Argument(metavar="[NUMBER]", min=1, help="number of the write; default: the last one")] = None,
    lists: Annotated[bool, typer.Option("--list", help="list all writes and their state")] = False,
) -> None:
    """Revert the last insertion into a note, if the note has not changed since."""
    from scratchlab.notebook import settings
    from scratchlab.notebook.writing import undo as undoing
    from scratchlab.notebook.writing.backups import Backups
    from scratchlab.report import tables

    backups = Backups(settings.own().kept)
    if lists:
        writes = undoing.writes(backups)
        table = tables.table("write", "when", "what", "state", "note", first="right")
        for column in table.columns[1:]:
            column.justify = "left"
        for write in writes:
            table.add_row(str(write.entry.number), write.entry.when.replace("T", " "), write.entry.told, write.state, write.entry.note)
        console.print(table if writes else "No note has been written to yet.")
        return
    try:
        entry, shown = undoing.undo_write(backups, number or 0)
    except undoing.Refused as refused:
        _show(refused.shown)
        raise
    _show(shown)
    console.print(f"Reverted write {entry.number}: {entry.note} is as it was before.", soft_wrap=True)


@app.command()
def layout(
    project: Annotated[
        Path | None, typer.Argument(metavar="[PROJECT]", help="a project's folder; default: the projects in notebook.toml")
    ] = None,
    dry: Annotated[bool, typer.Option("--dry-run", help="write nothing; list the notes that would be written")] = False,
) -> None:
    """Mirror a project's structure in the vault: a note for each folder, README, recipe and run that has none yet."""
    from scratchlab.checks import Problem
    from scratchlab.notebook import settings
    from scratchlab.notebook.writing import layout as layouts
    from scratchlab.notebook.writing.backups import Backups
    from scratchlab.notebook.writing.diary import home

    chosen, own = settings.settings(), settings.own()
    place = home(chosen, own)
    if not (projects := [project] if project else list(chosen.projects)):
        raise Problem(f'No project is named: give its folder, or add it to {own.file}: projects = ["~/kws"].')
    taken: set[Path] = set()
    for folder in projects:
        plan = layouts.plan_layout(folder, place, taken)
        taken |= {stub.path for stub in plan.new}
        if dry:
            for stub in plan.new:
                console.print(stub.path.relative_to(place.parent), soft_wrap=True)
        new = len(plan.new) if dry else layouts.create_notes(plan, Backups(own.kept))
        console.print(f"{folder.resolve().name}: {counted(new, 'note')} {'to write' if dry else 'written'}, {plan.there} exist already.")
        if plan.cut:
            console.print(f"The project has more than {layouts.MOST} relevant folders and files; the rest is left out.")


def update_notes(run: Run) -> None:
    """Updates the notes of an ended run, if there is a vault; an error is printed as one sentence and does not affect the run."""
    from scratchlab.notebook import settings
    from scratchlab.notebook.writing.diary import Diary, home

    try:
        chosen, own = settings.settings(), settings.own()
        if chosen.vault and run.exists:
            pages = Diary(home(chosen, own), own, [*chosen.runs, run.folder.parent]).of_run(run)
            _print_outcome(pages, shown=False)
            console.print(f"Note: {pages[0].path}", soft_wrap=True)
    except Exception as error:
        console.print(f"The run is complete, but its note could not be written: {error}", soft_wrap=True)


def _print_outcome(pages: list[Page], *, shown: bool) -> None:
    """Prints which pages were left alone because the user edited them, and how many were written."""
    for page in pages:
        if page.became == "edited":
            if shown:
                _show(page.shown)
            more = "" if shown else " `scratchlab day` shows what would change."
            console.print(
                f"{page.path} was edited above the line that ends the generated part, so it was not updated.{more}", soft_wrap=True
            )
    if shown:
        written = sum(page.became == "written" for page in pages)
        console.print(f"{counted(written, 'page')} written, {len(pages) - written} left unchanged.")


def _show(diff: str) -> None:
    """Prints a unified diff in colour."""
    styles = {"+": "green", "-": "red", "@": "cyan"}
    for line in diff.splitlines():
        plain = line.startswith(("+++", "---"))
        console.print(Text(line, style="bold" if plain else styles.get(line[:1], "")), soft_wrap=True)
