"""Commands that list recipes and their parts."""

from __future__ import annotations

from typing import Annotated

import typer
from rich.table import Table
from rich.text import Text

from scratchlab.cli.program import app, console


@app.command("recipes")
def list_recipes(
    name: Annotated[str, typer.Argument(metavar="[NAME]", help="a recipe, of which all is shown that is known before a run")] = "",
) -> None:
    """List the recipes by the question that they ask; with a name, show its file, command, minutes and numbers."""
    from scratchlab import shelf

    if name:
        path = shelf.find(name)
        console.print(Text(str(path), style="dim"))
        for line in shelf.header(path):
            console.print(Text(line))
        return
    questions = shelf.by_question()
    entries = [entry for found in questions.values() for entry in found]
    for question, found in questions.items():
        console.print(Text(f"\n{question}", style="bold"))
        table = Table(box=None, padding=(0, 2, 0, 0), pad_edge=False, show_header=found[0] is entries[0], header_style="dim")
        table.add_column("recipe", style="cyan", no_wrap=True, min_width=max(len(entry.name) for entry in entries))
        table.add_column("corpus", no_wrap=True, min_width=max(len(entry.corpus) for entry in entries))
        table.add_column("what")
        for entry in found:
            table.add_row(entry.name, entry.corpus, Text(entry.summary))
        console.print(table)
    console.print("\n`scratchlab recipes NAME` shows the command, minutes and numbers of a recipe.")


@app.command()
def parts(name: Annotated[str, typer.Argument(metavar="[NAME]", help="a section of recipes, or a part; default: all")] = "") -> None:
    """List the parts that a recipe can name, with their settings."""
    from scratchlab.pipeline import SECTIONS
    from scratchlab.report import terminal

    console.print(terminal.parts(SECTIONS, name))
