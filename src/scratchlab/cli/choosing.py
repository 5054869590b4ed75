"""Commands that tell what there is to choose from: recipes and parts."""

from __future__ import annotations

from typing import Annotated

import typer
from rich.text import Text

from scratchlab.cli.program import app, console


@app.command("recipes")
def list_recipes() -> None:
    """List the recipes at hand, with what each shows."""
    from scratchlab import shelf

    for name, path in shelf.recipes().items():
        console.print(Text.assemble((name, "bold cyan"), "  ", (str(path), "dim")))
        for line in shelf.header(path):
            console.print(f"    {line}")


@app.command()
def parts(wanted: Annotated[str, typer.Argument(metavar="[NAME]", help="a section or a part; all of them if left out")] = "") -> None:
    """List what can be named in a recipe, with its settings."""
    from scratchlab.pipeline import SECTIONS
    from scratchlab.report import terminal

    console.print(terminal.parts(SECTIONS, wanted))
