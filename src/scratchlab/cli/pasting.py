"""The command that reads a training log from anywhere."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from scratchlab.cli.program import app, console


@app.command()
def paste(
    file: Annotated[Path | None, typer.Argument(metavar="FILE", help="a log; '-' is standard input; the clipboard, if not given")] = None,
    metric: Annotated[str, typer.Option("--metric", "-m", help="the figure to judge by; the most telling, if not given")] = "",
    table: Annotated[Path | None, typer.Option("--table", help="a file for its figures, as comma-separated values")] = None,
    follow: Annotated[bool, typer.Option("--follow", "-f", help="go on while the file grows, until Ctrl-C")] = False,
) -> None:
    """Read a training log of any shape: its best, last and trend, time left and trouble, each with its line."""
    from scratchlab.checks import Problem
    from scratchlab.notebook.logs import sources, terminal
    from scratchlab.notebook.logs.card import card
    from scratchlab.notebook.logs.reader import read

    if table is not None and not table.parent.is_dir():
        raise Problem(f"{table} cannot be written: there is no folder {table.parent}.")
    if follow:
        if file is None or str(file) == "-":
            raise Problem("--follow follows a file; name it.")
        log = sources.followed(file, metric, console)
    else:
        log = read(sources.lines(file))
        console.print(terminal.picture(card(log, metric)))
    if table is not None:
        from scratchlab.notebook.logs.export import table as as_table
        from scratchlab.store.files import write_text

        write_text(table, as_table(log))
        console.print(f"Its {len(log.rows)} records stand in {table}", soft_wrap=True)
