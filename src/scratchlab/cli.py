"""The command line: parse, one call, print. Heavy imports wait until a command needs them."""

from __future__ import annotations

import contextlib
import io
import os
import sys
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Console
from rich.text import Text

from scratchlab.checks import Diverged, Problem

if TYPE_CHECKING:
    from scratchlab.recipe import Recipe
    from scratchlab.store.run import Run

app = typer.Typer(
    help="A lab bench for embeddings trained where supervision is scarce or shifting, and for why one run beats another.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)


class _Console(Console):
    """Goes silent when its reader goes away (`| head`): a run must not die of that."""

    def on_broken_pipe(self) -> None:
        self.quiet = True
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


WIDE = None if sys.stdout.isatty() or "COLUMNS" in os.environ else 160  # a file or a pipe has no width that would cut tables
console = _Console(highlight=False, markup=False, width=WIDE)  # brackets in people's labels, names and paths are theirs

RunsFolder = Annotated[Path, typer.Option("--runs", envvar="SCRATCHLAB_RUNS", help="folder of the runs")]
RunName = Annotated[str, typer.Argument(metavar="RUN", help="a run's name, the beginning or end of one, its folder, or 'last'")]
MirrorName = Annotated[str | None, typer.Option("--mirror", help="show the run elsewhere as well while it goes on: mlflow")]


@app.command("run")
def run_recipe(
    recipe: Annotated[str, typer.Argument(metavar="RECIPE", help="a recipe file, or a name that `scratchlab recipes` lists")],
    settings: Annotated[list[str] | None, typer.Option("--set", "-s", help="section.setting=value; may be repeated")] = None,
    runs: RunsFolder = Path("runs"),
    again: Annotated[bool, typer.Option("--again", help="repeat a run that is there already, beside it")] = False,
    mirror: MirrorName = None,
) -> None:
    """Run a recipe: train, ask, and leave a folder with everything in it."""
    from scratchlab import recipe as recipes
    from scratchlab import shelf
    from scratchlab.experiment import SECTIONS, check
    from scratchlab.store.run import Run

    path = shelf.find(recipe)
    raw = recipes.overridden(shelf.read(path), settings or [])
    resolved = recipes.resolve(raw, SECTIONS, path.stem)
    check(resolved)
    _perform(resolved, lambda: Run.create(runs, resolved, str(raw.get("title", "")), again=again), mirror)


@app.command()
def sweep(
    plan: Annotated[str, typer.Argument(metavar="PLAN", help="a plan's file, or its name in recipes/sweeps")],
    settings: Annotated[list[str] | None, typer.Option("--set", "-s", help="a setting of all runs; may be repeated")] = None,
    runs: RunsFolder = Path("runs"),
    seeds: Annotated[int | None, typer.Option("--seeds", min=1, help="how many seeds, rather than those of the plan")] = None,
    workers: Annotated[int, typer.Option("--workers", "-w", min=0, help="runs at a time; 0: as many as the engine has room for")] = 0,
    dry: Annotated[bool, typer.Option("--dry-run", help="make and write nothing: tell what is there and what is missing")] = False,
    engine: Annotated[str, typer.Option("--engine", help="who makes them: local, ray, slurm")] = "local",
    options: Annotated[list[str] | None, typer.Option("--option", "-o", help="a setting of the engine; may be repeated")] = None,
    address: Annotated[str | None, typer.Option("--address", help="of a running cluster of Ray; the same as -o address=")] = None,
) -> None:
    """Make the runs of a plan that are missing, several at a time, and the table of all; after a kill, the same command goes on."""
    from dataclasses import replace

    from scratchlab import shelf
    from scratchlab.report.sweep import page, terminal
    from scratchlab.sweeps.engines import catalog
    from scratchlab.sweeps.plan import planned
    from scratchlab.sweeps.progress import completed
    from scratchlab.sweeps.sweep import Sweep

    makes = catalog.chosen(engine, workers, [*(options or []), *([f"address={address}"] if address else [])])
    found = Sweep(planned(shelf.find_plan(plan), settings or [], seeds), runs)
    there = len(found.orders) - len(found.missing())
    console.print(f"{found.total} runs in {found.folder.path.name}, {there} there already.")
    if dry:
        console.print(terminal.table(found.shown()))
        return
    try:
        failed = completed(found, makes, console)
    except KeyboardInterrupt:
        console.print("Stopped; the same command goes on from here.")
        raise typer.Exit(130) from None
    swept = found.shown()
    console.print(terminal.table(swept))
    _lead_to("Table", found.folder.table)
    _lead_to("Page", page.write(replace(swept, curves=found.curves()), found.folder.path / "sweep.html"))
    if failed:
        console.print(terminal.endings([(one.order.run.folder.name, one.state, one.words) for one in failed]))
        raise typer.Exit(1)


@app.command()
def resume(run: RunName, runs: RunsFolder = Path("runs"), mirror: MirrorName = None) -> None:
    """Go on with a run that was killed, stopped or failed; the numbers are those of an uninterrupted one."""
    from scratchlab import recipe as recipes
    from scratchlab.experiment import SECTIONS
    from scratchlab.store.run import Run

    found = Run.find(runs, run)
    if found.state() == "finished":
        raise Problem(f"{found.folder} is finished; `scratchlab show {found.folder.name}` shows it.")
    resolved = recipes.resolve(found.recipe(), SECTIONS, found.status["recipe"])
    if resolved.key != found.status["key"]:
        raise Problem(
            f"{found.folder}/recipe.toml is not the recipe this run began with, so going on would mix two runs; "
            f"restore it, or begin another with `scratchlab run {found.folder}/recipe.toml`."
        )
    _perform(resolved, lambda: found, mirror)


def _perform(recipe: Recipe, place: Callable[[], Run], mirror: str | None) -> None:
    """Trains and asks in the run's folder (in every process that torchrun started), then writes and names the report."""
    from scratchlab.experiment import perform
    from scratchlab.learn import parallel
    from scratchlab.mirrors import catalog
    from scratchlab.mirrors.background import InBackground
    from scratchlab.report.run import page, terminal
    from scratchlab.store.run import Run

    mirrored = catalog.chosen(mirror) if mirror else None
    with parallel.processes(), contextlib.ExitStack() as beside:
        leads = parallel.rank() == 0
        run = Run(Path(parallel.shared(str(place().folder) if leads else "")))
        if mirrored and leads:
            beside.enter_context(InBackground(mirrored(run), run, console.print))
        try:
            perform(recipe, run, console)
        except KeyboardInterrupt:
            if leads:
                console.print(f"Stopped; `scratchlab resume {run.folder}` goes on from here.")
            raise typer.Exit(130) from None
        except Diverged:
            if leads:
                page.write(run)
            raise
        if leads:
            report = page.write(run)
            console.print(terminal.outcome(run))
            _lead_to("Report", report)


@app.command()
def show(run: RunName, runs: RunsFolder = Path("runs")) -> None:
    """Show what came of a run."""
    from scratchlab.report.run import terminal
    from scratchlab.store.run import Run

    console.print(terminal.outcome(Run.find(runs, run)))


@app.command("runs")
def list_runs(runs: RunsFolder = Path("runs")) -> None:
    """List the runs, the newest first: running, finished, killed, failed."""
    from scratchlab.report import terminal
    from scratchlab.store import query

    found = query.runs(runs)
    console.print(terminal.runs(found) if found else f"There is no run in {runs}/ yet; `scratchlab run digits` makes one.")


@app.command()
def report(run: RunName, runs: RunsFolder = Path("runs")) -> None:
    """Write a run's report.html again, and say where it is."""
    from scratchlab.report.run import page
    from scratchlab.store.run import Run

    console.print(page.write(Run.find(runs, run)).resolve().as_uri())


@app.command()
def compare(
    a: Annotated[str, typer.Argument(metavar="A", help="RUN, or RUN:HEAD for another head than the leading one")],
    b: Annotated[str, typer.Argument(metavar="B", help="the same of another run, or another head of the same one")],
    runs: RunsFolder = Path("runs"),
    out: Annotated[Path | None, typer.Option("--out", help="the page's file; beside the runs, if not given")] = None,
    samples: Annotated[int, typer.Option("--samples", min=0, help="flipped queries to show, each way")] = 12,
) -> None:
    """Compare two runs, or two heads of one, on the queries both were asked; write a page of it."""
    from scratchlab.analysis import comparison, sides
    from scratchlab.experiment import SECTIONS
    from scratchlab.report.compare import page, terminal

    one, other = sides.side(runs, a), sides.side(runs, b)
    found = comparison.compare(one, other, SECTIONS, samples)
    path = page.write(found, out or page.place(runs, one, other))
    console.print(terminal.comparison(found))
    _lead_to("Page", path)


@app.command()
def pair(
    run: RunName,
    clip_a: Annotated[str, typer.Argument(metavar="CLIP_A", help="an input's id, or the beginning or end of one")],
    clip_b: Annotated[str, typer.Argument(metavar="CLIP_B", help="another's")],
    runs: RunsFolder = Path("runs"),
    out: Annotated[Path | None, typer.Option("--out", help="the page's file; in the run's folder, if not given")] = None,
) -> None:
    """Put two inputs of a run side by side: their spectrograms, which steps are alike, and every similarity's score."""
    from scratchlab import recipe as recipes
    from scratchlab.analysis import pair as pairs
    from scratchlab.experiment import SECTIONS, reopened
    from scratchlab.learn.looking import looked_at
    from scratchlab.report.pair import page, terminal
    from scratchlab.store.run import Run
    from scratchlab.types import Asked

    found = Run.find(runs, run)
    here = recipes.overridden(found.recipe(), ["training.device=cpu"])  # the machine that trained may have had others
    bench = reopened(recipes.resolve(here, SECTIONS, found.status["recipe"]), found)
    samples = bench.source.read()
    chosen = pairs.chosen(samples, clip_a, clip_b)
    features, pairing = looked_at(bench.embedder, bench.similarities, Asked(chosen, samples.load))
    both = pairs.pair(found, samples, chosen, features, bench.embedder.frontend.form, pairing)
    path = page.write(both, out or page.place(both))
    console.print(terminal.pair(both))
    _lead_to("Page", path)


@app.command()
def correlate(
    table: Annotated[str, typer.Argument(metavar="TABLE", help="comma-separated values, a row a run; or a sweep's name")],
    xs: Annotated[
        list[str] | None,
        typer.Option("--x", help="a column, or a pattern, to correlate with those of --y; else all, or a sweep's settings"),
    ] = None,
    ys: Annotated[
        list[str] | None, typer.Option("--y", help="a column, or a pattern, to correlate with those of --x; else all, or a sweep's figures")
    ] = None,
    configuration: Annotated[
        list[str] | None, typer.Option("--configuration", "-c", help="a column of settings; runs that share them are repetitions")
    ] = None,
    group: Annotated[list[str] | None, typer.Option("--group", "-g", help="a column inside whose values r is told once more")] = None,
    runs: RunsFolder = Path("runs"),
    out: Annotated[
        Path | None, typer.Option("--out", help="the page's file; TABLE-correlated.html here, or in the sweep's folder, if not given")
    ] = None,
    most: Annotated[int, typer.Option("--most", min=1, help="pairs to print")] = 20,
) -> None:
    """Correlate the columns of a table of runs, with intervals over configurations; write a page of it."""
    from scratchlab.analysis import correlate as correlations
    from scratchlab.report.correlate import page, terminal
    from scratchlab.sweeps.folder import Folder

    path = Path(table)
    if path.is_file():
        found = correlations.correlate(correlations.read(path), xs or (), ys or (), configuration or (), group or ())
        called, place = path.name, Path()
    else:
        sweep = Folder.find(runs, table)
        rows, settings, figures = sweep.compared()
        found = correlations.correlate(rows, xs or settings, ys or figures, configuration or sweep.axes, group or ())
        called, path, place = sweep.path.name, sweep.table, sweep.path
    path = page.write(found, called, out or place / f"{path.stem}-correlated.html")
    console.print(f"What goes with what in {called}:")
    console.print(terminal.correlations(found, most))
    _lead_to("Page", path)


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
    from scratchlab.experiment import SECTIONS
    from scratchlab.report import terminal

    console.print(terminal.parts(SECTIONS, wanted))


def _lead_to(what: str, path: Path) -> None:
    """The address of a page, for a click."""
    console.print(Text.assemble(f"{what}: ", (path.resolve().as_uri(), "bold")), soft_wrap=True)


def main() -> None:
    """The program; a Problem ends it with one sentence and status 2."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="replace")  # where the encoding has no dash, a question mark will do
    try:
        app()
    except Problem as problem:
        if os.environ.get("RANK", "0") == "0":  # of several processes one speaks
            said = Text.assemble(("scratchlab: ", "bold red"), str(problem))
            Console(stderr=True).print(said, highlight=False, soft_wrap=True)
        sys.exit(2)
