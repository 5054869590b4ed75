"""Commands that show results: a run, a comparison of two runs, a pair of inputs, correlations in a table of runs."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from scratchlab.cli.program import RunName, RunsFolder, app, console, print_link
from scratchlab.cli.recall import refreshed


@app.command()
def show(run: RunName, runs: RunsFolder = Path("runs")) -> None:
    """Show a run's results, and the lines of notes that mention the run."""
    from scratchlab.report.run import terminal
    from scratchlab.store.run import Run

    found = Run.find(runs, run)
    console.print(terminal.outcome(found))
    _print_mentions(found.folder)


def _print_mentions(run: Path) -> None:
    """Prints the lines of notes that mention a run, and what its own note links to; an error there is printed as a warning."""
    from scratchlab.checks import Problem
    from scratchlab.notebook.daily import run_mentions
    from scratchlab.notebook.settings import settings

    try:
        if settings().vault:
            with refreshed() as (base, _):
                console.print(run_mentions.shown(*run_mentions.run_mentions(base, run)), soft_wrap=True)
    except Problem as problem:
        console.print(f"The notes could not be searched: {problem}", style="yellow", soft_wrap=True)


@app.command("runs")
def list_runs(runs: RunsFolder = Path("runs")) -> None:
    """List the runs and their states (running, finished, killed, failed), newest first."""
    from scratchlab.report import terminal
    from scratchlab.store import query

    found = query.runs(runs)
    console.print(terminal.runs(found) if found else f"{runs}/ holds no run yet; `scratchlab run digits` makes one.")


@app.command()
def report(run: RunName, runs: RunsFolder = Path("runs")) -> None:
    """Rewrite a run's report.html and print its address."""
    from scratchlab.report.run import page
    from scratchlab.store.run import Run

    console.print(page.write(Run.find(runs, run)).resolve().as_uri())


@app.command()
def compare(
    a: Annotated[str, typer.Argument(metavar="A", help="RUN, or RUN:HEAD for a head other than the leading one")],
    b: Annotated[str, typer.Argument(metavar="B", help="another run, or another head of the same run")],
    runs: RunsFolder = Path("runs"),
    out: Annotated[Path | None, typer.Option("--out", help="path of the page; default: in the folder of the runs")] = None,
    samples: Annotated[int, typer.Option("--samples", min=0, help="number of changed predictions to show in each direction")] = 12,
) -> None:
    """Compare two runs, or two heads of one run, on the inputs that both were evaluated on; writes a page."""
    from scratchlab.analysis import comparison
    from scratchlab.analysis.compared import compared_run
    from scratchlab.pipeline import SECTIONS
    from scratchlab.report.compare import page, terminal

    first, second = compared_run(runs, a), compared_run(runs, b)
    result = comparison.compare(first, second, SECTIONS, samples)
    path = page.write(result, out or page.place(runs, first, second))
    console.print(terminal.comparison(result))
    print_link("Page", path)


@app.command()
def pair(
    run: RunName,
    clip_a: Annotated[str, typer.Argument(metavar="CLIP_A", help="an input's id, or the beginning or end of its id")],
    clip_b: Annotated[str, typer.Argument(metavar="CLIP_B", help="the other input's id")],
    runs: RunsFolder = Path("runs"),
    out: Annotated[Path | None, typer.Option("--out", help="path of the page; default: in the run's folder")] = None,
) -> None:
    """Show two inputs of a run side by side: their spectrograms, the similarity of their time steps, and every similarity's score."""
    from scratchlab.analysis import pair as pairs
    from scratchlab.learn.inspection import features_and_pairing
    from scratchlab.pipeline import SECTIONS, reopened
    from scratchlab.report.pair import page, terminal
    from scratchlab.store.run import Run
    from scratchlab.types import Inputs

    found = Run.find(runs, run)
    on_cpu = found.resolved(SECTIONS, ["training.device=cpu"])  # this machine may lack the device that trained the run
    pipeline = reopened(on_cpu, found)
    samples = pipeline.source.read()
    chosen = pairs.chosen(samples, clip_a, clip_b)
    features, pairing = features_and_pairing(pipeline.embedder, pipeline.similarities, Inputs(chosen, samples.load))
    result = pairs.pair(found, samples, chosen, features, pipeline.embedder.frontend.form, pairing)
    path = page.write(result, out or page.place(result))
    console.print(terminal.pair(result))
    print_link("Page", path)


@app.command()
def correlate(
    table: Annotated[str, typer.Argument(metavar="TABLE", help="a CSV file with one row per run, or the name of a sweep")],
    xs: Annotated[
        list[str] | None,
        typer.Option("--x", help="a column, or a pattern of columns, to correlate with --y; default: all, or a sweep's hyperparameters"),
    ] = None,
    ys: Annotated[
        list[str] | None,
        typer.Option("--y", help="a column, or a pattern of columns, to correlate with --x; default: all, or a sweep's metrics"),
    ] = None,
    configuration: Annotated[
        list[str] | None,
        typer.Option(
            "--configuration", "-c", help="a column of settings; runs with equal settings count as repetitions of one configuration"
        ),
    ] = None,
    group: Annotated[
        list[str] | None, typer.Option("--group", "-g", help="a column; correlations are also computed within each of its values")
    ] = None,
    runs: RunsFolder = Path("runs"),
    out: Annotated[
        Path | None,
        typer.Option("--out", help="path of the page; default: TABLE-correlated.html in the current folder, or in the sweep's folder"),
    ] = None,
    most: Annotated[int, typer.Option("--most", min=1, help="number of pairs to print")] = 20,
) -> None:
    """Pairwise correlations between the columns of a table of runs, with intervals over configurations; writes a page."""
    from scratchlab.analysis import correlate as correlations
    from scratchlab.report.correlate import page, terminal
    from scratchlab.sweeps.folder import Folder

    path = Path(table)
    if path.is_file() and not Folder.of_table(path):
        found = correlations.correlate(correlations.read(path), xs or (), ys or (), configuration or (), group or ())
        title, place = path.name, Path()
    else:
        sweep = Folder.find(runs, table)
        rows, settings, metrics = sweep.compared()
        found = correlations.correlate(rows, xs or settings, ys or metrics, configuration or sweep.axes, group or (), "state")
        title, path, place = sweep.path.name, sweep.table, sweep.path
    path = page.write(found, title, out or place / f"{path.stem}-correlated.html")
    console.print(f"Correlations in {title}:")
    console.print(terminal.correlations(found, most))
    print_link("Page", path)
