"""Commands that write notes: pages of our own, and a text into somebody's note when they say yes."""

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
    date: Annotated[str, typer.Argument(metavar="[DATE]", help="2026-11-28, yesterday, 'last friday'; today, if left out")] = "today",
    runs: RunsFolder = Path("runs"),
) -> None:
    """Write a day's page into the vault, with a note for each of its runs, or make them again."""
    from datetime import datetime

    from scratchlab.notebook import settings
    from scratchlab.notebook.dates import since
    from scratchlab.notebook.writing.diary import Diary, home

    wanted = since.day(date, datetime.now())
    said, own = settings.settings(), settings.own()
    pages = Diary(home(said, own), own, [*said.runs, runs]).of_day(wanted)
    _tell(pages, shown=True)
    console.print(pages[-1].path, soft_wrap=True)


LOOSE = {"ignore_unknown_options": True, "help_option_names": ["--help"]}  # "- [ ] why" is a text, and none of its letters an option


class _Loose(typer.core.TyperCommand):
    """`-h` asks for help where it stands alone; behind a note it is a text."""

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        return super().parse_args(ctx, ["--help"] if args == ["-h"] else args)


@app.command(cls=_Loose, context_settings=LOOSE)
def insert(
    note: Annotated[str, typer.Argument(metavar="NOTE", help="a file, a note's name, or a link to a heading as Obsidian writes it")],
    text: Annotated[str, typer.Argument(metavar="TEXT", help="what to insert, lines and all")],
    under: Annotated[
        str,
        typer.Option(
            "--under",
            help="the heading; ABOVE#HEADING where several have the name; of a note that has but one, or none, it may be left out",
        ),
    ] = "",
    yes: Annotated[bool, typer.Option("--yes", help="do not ask")] = False,
    encoding: Annotated[str, typer.Option("--encoding", help="of a note that is neither UTF-8 nor UTF-16")] = "",
) -> None:
    """Insert a text behind what stands under a heading of a note, after showing the change and asking; every other byte stays."""
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
    made, entry = notes.write_insertion(plan, Backups(settings.own().kept))
    if made is not plan:
        console.print("The note had been written by another program meanwhile; the text went into that version.")
    console.print(f"{made.note}:{made.made.text_line} written; `scratchlab undo` takes it back (write {entry.number}).", soft_wrap=True)


@app.command()
def undo(
    number: Annotated[int | None, typer.Argument(metavar="[NUMBER]", min=1, help="of the write; the last, if left out")] = None,
    lists: Annotated[bool, typer.Option("--list", help="list the writes, and what has become of them")] = False,
) -> None:
    """Take back the last insertion into a note, if the note still is what that left."""
    from scratchlab.notebook import settings
    from scratchlab.notebook.writing import undo as undoing
    from scratchlab.notebook.writing.backups import Backups
    from scratchlab.report import tables

    backups = Backups(settings.own().kept)
    if lists:
        made = undoing.writes(backups)
        table = tables.table("write", "when", "what", "state", "note", first="right")
        for column in table.columns[1:]:
            column.justify = "left"
        for one in made:
            table.add_row(str(one.entry.number), one.entry.when.replace("T", " "), one.entry.told, one.state, one.entry.note)
        console.print(table if made else "Nothing was written yet.")
        return
    try:
        entry, shown = undoing.undo_write(backups, number or 0)
    except undoing.Refused as refused:
        _show(refused.shown)
        raise
    _show(shown)
    console.print(f"Write {entry.number} is taken back: {entry.note} is what it was.", soft_wrap=True)


@app.command()
def layout(
    project: Annotated[Path | None, typer.Argument(metavar="[PROJECT]", help="a folder; those of notebook.toml, if left out")] = None,
    dry: Annotated[bool, typer.Option("--dry-run", help="make nothing: tell what would be made")] = False,
) -> None:
    """Lay the vault out like a project: a note for each folder, README, recipe and run that has none yet."""
    from scratchlab.checks import Problem
    from scratchlab.notebook import settings
    from scratchlab.notebook.writing import layout as layouts
    from scratchlab.notebook.writing.backups import Backups
    from scratchlab.notebook.writing.diary import home

    said, own = settings.settings(), settings.own()
    place = home(said, own)
    if not (projects := [project] if project else list(said.projects)):
        raise Problem(f'Name the project\'s folder, or let {own.file} name it: projects = ["~/kws"].')
    taken: set[Path] = set()
    for one in projects:
        plan = layouts.plan_layout(one, place, taken)
        taken |= {stub.path for stub in plan.new}
        if dry:
            for stub in plan.new:
                console.print(stub.path.relative_to(place.parent), soft_wrap=True)
        new = len(plan.new) if dry else layouts.create_notes(plan, Backups(own.kept))
        console.print(f"{one.resolve().name}: {counted(new, 'note')} {'to make' if dry else 'made'}, {plan.there} there already.")
        if plan.cut:
            console.print(f"The tree has more than {layouts.MOST} folders and files of interest; the rest is left out.")


def noted(run: Run) -> None:
    """Updates the notes of a run that has ended, if there is a vault; what goes wrong there is one sentence and no harm to the run."""
    from scratchlab.notebook import settings
    from scratchlab.notebook.writing.diary import Diary, home

    try:
        said, own = settings.settings(), settings.own()
        if said.vault and run.there:
            pages = Diary(home(said, own), own, [*said.runs, run.folder.parent]).of_run(run)
            _tell(pages, shown=False)
            console.print(f"Note: {pages[0].path}", soft_wrap=True)
    except Exception as error:
        console.print(f"The run is whole, but its note was not written: {error}", soft_wrap=True)


def _tell(pages: list[Page], *, shown: bool) -> None:
    """What became of pages that a person has edited, and how many were written."""
    for page in pages:
        if page.became == "edited":
            if shown:
                _show(page.shown)
            more = "" if shown else " `scratchlab day` shows what would change."
            console.print(f"{page.path} was edited above the line that ends our part, and is left as it is.{more}", soft_wrap=True)
    if shown:
        written = sum(page.became == "written" for page in pages)
        console.print(f"{counted(written, 'page')} written, {len(pages) - written} left as they were.")


def _show(diff: str) -> None:
    """A unified diff, coloured."""
    styles = {"+": "green", "-": "red", "@": "cyan"}
    for line in diff.splitlines():
        plain = line.startswith(("+++", "---"))
        console.print(Text(line, style="bold" if plain else styles.get(line[:1], "")), soft_wrap=True)
