"""The command that reads a training log from anywhere."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from scratchlab.cli.program import RunsFolder, app, console

if TYPE_CHECKING:
    from scratchlab.notebook.logs.log import Log


@app.command()
def paste(
    file: Annotated[Path | None, typer.Argument(metavar="FILE", help="a log; '-' is standard input; the clipboard, if not given")] = None,
    metric: Annotated[str, typer.Option("--metric", "-m", help="the figure to judge by; the most telling, if not given")] = "",
    table: Annotated[Path | None, typer.Option("--table", help="a file for its figures, as comma-separated values")] = None,
    follow: Annotated[bool, typer.Option("--follow", "-f", help="go on while the file grows, until Ctrl-C")] = False,
    runs: RunsFolder = Path("runs"),
) -> None:
    """Read a training log of any shape: its best, last and trend, time left and trouble, each with its line; and whether it is known."""
    from scratchlab.checks import Problem
    from scratchlab.notebook.logs import sources, terminal
    from scratchlab.notebook.logs.card import card
    from scratchlab.notebook.logs.reader import read

    if table is not None and not table.parent.is_dir():
        raise Problem(f"{table} cannot be written: there is no folder {table.parent}.")
    if follow:
        if file is None or str(file) == "-":
            raise Problem("--follow follows a file; name it.")
        log = sources.follow(file, metric, console)
    else:
        log = read(sources.lines(file))
        console.print(terminal.picture(card(log, metric)))
    _known(log, file, runs)
    if table is not None:
        from scratchlab.notebook.logs.export import table as as_table
        from scratchlab.store.files import write_text

        write_text(table, as_table(log))
        console.print(f"Its {len(log.rows)} records stand in {table}", soft_wrap=True)


def _known(log: Log, file: Path | None, runs: Path) -> None:
    """Tells of runs and other logs with the same figures; what goes wrong there leaves the card as it is."""
    from scratchlab.checks import Problem
    from scratchlab.notebook.daily.known_logs import known
    from scratchlab.notebook.index.sources.logs import Logs
    from scratchlab.notebook.settings import settings

    try:
        said = settings()
        own = file.resolve() if file else None
        others = (path for key, _ in Logs(said).stamps({}) if (path := Path(key)).resolve() != own)
        for line in known(log, [*said.runs, runs], others):
            console.print(line, soft_wrap=True)
    except Problem as problem:
        console.print(f"Whether it is known was not looked up: {problem}", style="yellow", soft_wrap=True)
