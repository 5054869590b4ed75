"""Commands that show results: of a run, of two compared, of two inputs, of a table of runs."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from scratchlab.cli.program import RunName, RunsFolder, app, console, lead_to
from scratchlab.cli.recall import refreshed


@app.command()
def show(run: RunName, runs: RunsFolder = Path("runs")) -> None:
    """Show a run's results, and the lines of the notebook that mention it."""
    from scratchlab.report.run import terminal
    from scratchlab.store.run import Run

    found = Run.find(runs, run)
    console.print(terminal.outcome(found))
    _named(found.folder)


def _named(run: Path) -> None:
    """The lines of notes that mention a run, and what its own note links to; an error there leaves the run's tables as they are."""
    from scratchlab.checks import Problem
    from scratchlab.notebook.daily import run_mentions
    from scratchlab.notebook.settings import settings

    try:
        if settings().vault:
            with refreshed() as (base, _):
                console.print(run_mentions.shown(*run_mentions.run_mentions(base, run)), soft_wrap=True)
    except Problem as problem:
        console.print(f"The notes were not looked at: {problem}", style="yellow", soft_wrap=True)


@app.command("runs")
def list_runs(runs: RunsFolder = Path("runs")) -> None:
    """List the runs, the newest first: running, finished, killed, failed."""
    from scratchlab.report import terminal
    from scratchlab.store import query

    found = query.runs(runs)
    console.print(terminal.runs(found) if found else f"There is no run in {runs}/ yet; `scratchlab run digits` makes one.")


@app.command()
def report(run: RunName, runs: RunsFolder = Path("runs")) -> None:
    """Write a run's report.html again and print its address."""
    from scratchlab.report.run import page
    from scratchlab.store.run import Run

    console.print(page.write(Run.find(runs, run)).resolve().as_uri())


@app.command()
def compare(
    a: Annotated[str, typer.Argument(metavar="A", help="RUN, or RUN:HEAD for another head than the leading one")],
    b: Annotated[str, typer.Argument(metavar="B", help="another run, or another head of the same run")],
    runs: RunsFolder = Path("runs"),
    out: Annotated[Path | None, typer.Option("--out", help="file of the page; in the folder of runs by default")] = None,
    samples: Annotated[int, typer.Option("--samples", min=0, help="how many flipped answers to show in each direction")] = 12,
) -> None:
    """Compare two runs, or two heads of one run, on what both were evaluated on; writes a page."""
    from scratchlab.analysis import comparison
    from scratchlab.analysis.compared import compared_run
    from scratchlab.pipeline import SECTIONS
    from scratchlab.report.compare import page, terminal

    one, other = compared_run(runs, a), compared_run(runs, b)
    found = comparison.compare(one, other, SECTIONS, samples)
    path = page.write(found, out or page.place(runs, one, other))
    console.print(terminal.comparison(found))
    lead_to("Page", path)


@app.command()
def pair(
    run: RunName,
    clip_a: Annotated[str, typer.Argument(metavar="CLIP_A", help="an input's id, or the beginning or end of one")],
    clip_b: Annotated[str, typer.Argument(metavar="CLIP_B", help="the other input's id")],
    runs: RunsFolder = Path("runs"),
    out: Annotated[Path | None, typer.Option("--out", help="file of the page; in the run's folder by default")] = None,
) -> None:
    """Put two inputs of a run side by side: their spectrograms, which steps are alike, and every similarity's score."""
    from scratchlab import recipe as recipes
    from scratchlab.analysis import pair as pairs
    from scratchlab.learn.looking import looked_at
    from scratchlab.pipeline import SECTIONS, reopened
    from scratchlab.report.pair import page, terminal
    from scratchlab.store.run import Run
    from scratchlab.types import Inputs

    found = Run.find(runs, run)
    here = recipes.overridden(found.recipe(), ["training.device=cpu"])  # the machine that trained may have had others
    pipeline = reopened(recipes.resolve(here, SECTIONS, found.status["recipe"]), found)
    samples = pipeline.source.read()
    chosen = pairs.chosen(samples, clip_a, clip_b)
    features, pairing = looked_at(pipeline.embedder, pipeline.similarities, Inputs(chosen, samples.load))
    both = pairs.pair(found, samples, chosen, features, pipeline.embedder.frontend.form, pairing)
    path = page.write(both, out or page.place(both))
    console.print(terminal.pair(both))
    lead_to("Page", path)


@app.command()
def correlate(
    table: Annotated[str, typer.Argument(metavar="TABLE", help="a CSV file with one row a run, or the name of a sweep")],
    xs: Annotated[
        list[str] | None,
        typer.Option("--x", help="a column, or a pattern of columns, to correlate with --y; default: all, or a sweep's hyperparameters"),
    ] = None,
    ys: Annotated[
        list[str] | None,
        typer.Option("--y", help="a column, or a pattern of columns, to correlate with --x; default: all, or a sweep's metrics"),
    ] = None,
    configuration: Annotated[
        list[str] | None, typer.Option("--configuration", "-c", help="a column of settings; runs that share them are repetitions")
    ] = None,
    group: Annotated[
        list[str] | None, typer.Option("--group", "-g", help="a column within whose values correlations are given as well")
    ] = None,
    runs: RunsFolder = Path("runs"),
    out: Annotated[
        Path | None, typer.Option("--out", help="file of the page; default: TABLE-correlated.html here, or in the sweep's folder")
    ] = None,
    most: Annotated[int, typer.Option("--most", min=1, help="pairs to print")] = 20,
) -> None:
    """Pairwise correlations between the columns of a table of runs, with intervals over configurations; writes a page."""
    from scratchlab.analysis import correlate as correlations
    from scratchlab.report.correlate import page, terminal
    from scratchlab.sweeps.folder import Folder

    path = Path(table)
    if path.is_file() and not Folder.of_table(path):
        found = correlations.correlate(correlations.read(path), xs or (), ys or (), configuration or (), group or ())
        called, place = path.name, Path()
    else:
        sweep = Folder.find(runs, table)
        rows, settings, figures = sweep.compared()
        found = correlations.correlate(rows, xs or settings, ys or figures, configuration or sweep.axes, group or (), "state")
        called, path, place = sweep.path.name, sweep.table, sweep.path
    path = page.write(found, called, out or place / f"{path.stem}-correlated.html")
    console.print(f"Correlations in {called}:")
    console.print(terminal.correlations(found, most))
    lead_to("Page", path)
