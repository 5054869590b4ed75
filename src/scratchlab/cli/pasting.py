"""The command that reads a training log from a file, standard input or the clipboard."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from scratchlab.cli.program import RunsFolder, app, console

if TYPE_CHECKING:
    from scratchlab.notebook.logs.log import Log


@app.command()
def paste(
    file: Annotated[
        Path | None, typer.Argument(metavar="FILE", help="a log file, or '-' for standard input; default: the clipboard")
    ] = None,
    metric: Annotated[
        str, typer.Option("--metric", "-m", help="the metric that decides the best epoch; default: the most informative one")
    ] = "",
    table: Annotated[Path | None, typer.Option("--table", help="write the metrics to this CSV file")] = None,
    follow: Annotated[bool, typer.Option("--follow", "-f", help="keep reading while the file grows, until Ctrl-C")] = False,
    runs: RunsFolder = Path("runs"),
) -> None:
    """Read a training log in any format: best and last value, trend, time left, errors, each with its line; and the runs that match it."""
    from scratchlab.checks import Problem
    from scratchlab.notebook.logs import sources, terminal
    from scratchlab.notebook.logs.card import card
    from scratchlab.notebook.logs.reader import read

    if table is not None and not table.parent.is_dir():
        raise Problem(f"{table} cannot be written: the folder {table.parent} does not exist.")
    if follow:
        if file is None or str(file) == "-":
            raise Problem("--follow needs a file; give its path.")
        log = sources.follow(file, metric, console)
    else:
        log = read(sources.lines(file))
        console.print(terminal.picture(card(log, metric)))
    _print_matches(log, file, runs)
    if table is not None:
        from scratchlab.notebook.logs.export import table as as_table
        from scratchlab.store.files import write_text

        write_text(table, as_table(log))
        console.print(f"Wrote {len(log.rows)} records to {table}", soft_wrap=True)


def _print_matches(log: Log, file: Path | None, runs: Path) -> None:
    """Prints runs and other logs with the same metrics; an error there is printed as a warning."""
    from scratchlab.checks import Problem
    from scratchlab.notebook.daily.known_logs import known
    from scratchlab.notebook.index.sources.logs import Logs
    from scratchlab.notebook.settings import settings

    try:
        chosen = settings()
        own = file.resolve() if file else None
        others = (path for key, _ in Logs(chosen).stamps({}) if (path := Path(key)).resolve() != own)
        for line in known(log, [*chosen.runs, runs], others):
            console.print(line, soft_wrap=True)
    except Problem as problem:
        console.print(f"Runs and logs with the same metrics could not be searched: {problem}", style="yellow", soft_wrap=True)
