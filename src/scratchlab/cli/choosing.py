"""Commands that list recipes and their parts."""

from __future__ import annotations

from typing import Annotated

import typer
from rich.text import Text

from scratchlab.cli.program import app, console


@app.command("recipes")
def list_recipes() -> None:
    """List the recipes, each with its description."""
    from scratchlab import shelf

    for name, path in shelf.recipes().items():
        console.print(Text.assemble((name, "bold cyan"), "  ", (str(path), "dim")))
        for line in shelf.header(path):
            console.print(f"    {line}")


@app.command()
def parts(name: Annotated[str, typer.Argument(metavar="[NAME]", help="a section of recipes, or a part; default: all")] = "") -> None:
    """List the parts that a recipe can name, with their settings."""
    from scratchlab.pipeline import SECTIONS
    from scratchlab.report import terminal

    console.print(terminal.parts(SECTIONS, name))
