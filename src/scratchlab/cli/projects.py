"""The command that makes a project folder."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from scratchlab.cli.program import app, console
from scratchlab.project import QUESTIONS


@app.command()
def new(
    folder: Annotated[Path, typer.Argument(metavar="NAME", help="the project's name, or the path of its folder, which ends in the name")],
    question: Annotated[str, typer.Option("--question", "-q", help=f"what its recipe asks: {', '.join(QUESTIONS)}")] = "images",
    method: Annotated[bool, typer.Option("--method", help="also make a package with a method of your own")] = False,
) -> None:
    """Make a project folder: a recipe that runs at once and is yours to change, a data card, and the commands."""
    from scratchlab.project.new import make

    files = make(folder, question, method=method)
    console.print(f"{folder}/", style="bold")
    for file in files:
        console.print(f"  {file}")
    install = "pip install -e . && " if method else ""
    console.print(f"Next: cd {folder} && {install}scratchlab run {folder.name}", soft_wrap=True)
