"""Commands that train: a single run, a sweep, or the rest of an interrupted run."""

from __future__ import annotations

import contextlib
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from scratchlab.checks import Diverged, Problem
from scratchlab.cli.program import RunName, RunsFolder, app, console, print_link
from scratchlab.cli.writing import update_notes

if TYPE_CHECKING:
    from scratchlab.recipe import Recipe
    from scratchlab.store.run import Run

Note = Annotated[str, typer.Option("--note", help="why the run is made; shown wherever the run is listed")]
LoggerName = Annotated[str | None, typer.Option("--mirror", help="experiment logger that the run is also sent to: mlflow")]


@app.command("run")
def run_recipe(
    recipe: Annotated[str, typer.Argument(metavar="RECIPE", help="a recipe file, or a name that `scratchlab recipes` lists")],
    settings: Annotated[list[str] | None, typer.Option("--set", "-s", help="section.setting=value; may be repeated")] = None,
    runs: RunsFolder = Path("runs"),
    again: Annotated[bool, typer.Option("--again", help="repeat a run that already exists, in a new folder")] = False,
    note: Note = "",
    mirror: LoggerName = None,
) -> None:
    """Train and evaluate a recipe; the run's folder keeps settings, weights, predictions and a report."""
    from scratchlab import recipe as recipes
    from scratchlab import shelf
    from scratchlab.pipeline import SECTIONS, check, with_shorter_warmup
    from scratchlab.store.run import Run

    path = shelf.find(recipe)
    original = shelf.read(path)
    raw, shortened = with_shorter_warmup(recipes.overridden(original, settings or []), original)
    resolved = recipes.resolve(raw, SECTIONS, path.stem)
    check(resolved)
    if shortened:
        console.print(shortened, soft_wrap=True)
    title, changed = str(raw.get("title", "")), recipes.differences(raw, original)
    _perform(resolved, lambda: Run.create(runs, resolved, title, again=again, note=note, changed=changed), mirror)


@app.command()
def sweep(
    plan: Annotated[str, typer.Argument(metavar="PLAN", help="the file of a sweep's plan, or its name in recipes/sweeps")],
    settings: Annotated[list[str] | None, typer.Option("--set", "-s", help="a setting for all runs; may be repeated")] = None,
    runs: RunsFolder = Path("runs"),
    seeds: Annotated[int | None, typer.Option("--seeds", min=1, help="number of seeds, in place of the plan's")] = None,
    workers: Annotated[int, typer.Option("--workers", "-w", min=0, help="runs at a time; 0: as many as the engine allows")] = 0,
    dry: Annotated[
        bool, typer.Option("--dry-run", help="run nothing and write nothing: print which runs exist and which are missing")
    ] = False,
    engine: Annotated[str, typer.Option("--engine", help="where the runs are executed: local, ray, slurm")] = "local",
    options: Annotated[list[str] | None, typer.Option("--option", "-o", help="a setting of the engine; may be repeated")] = None,
    address: Annotated[str | None, typer.Option("--address", help="address of a running Ray cluster; the same as -o address=...")] = None,
    note: Note = "",
) -> None:
    """Run the missing runs of a sweep, several at a time, and write a table and a page; the same command resumes an interrupted sweep."""
    from scratchlab import shelf
    from scratchlab.report.sweep import page, terminal
    from scratchlab.sweeps.engines import catalog
    from scratchlab.sweeps.plan import read_plan
    from scratchlab.sweeps.progress import complete
    from scratchlab.sweeps.sweep import Sweep

    executor = catalog.chosen(engine, workers, [*(options or []), *([f"address={address}"] if address else [])])
    runner = Sweep(read_plan(shelf.find_plan(plan), settings or [], seeds), runs, note)
    existing = len(runner.jobs) - len(runner.missing())
    console.print(f"{runner.total} runs in {runner.folder.path.name}, of which {existing} exist already.")
    if dry:
        console.print(terminal.table(runner.view()))
        return
    try:
        failed = complete(runner, executor, console)
    except KeyboardInterrupt:
        console.print("Stopped; the same command resumes the sweep.")
        raise typer.Exit(130) from None
    console.print(terminal.table(runner.view()))
    print_link("Table", runner.folder.table)
    print_link("Page", page.write(runner.view_with_curves(), runner.folder.path / "sweep.html"))
    if failed:
        console.print(terminal.failures([(result.job.run.folder.name, result.state, result.message) for result in failed]))
        raise typer.Exit(1)


@app.command()
def resume(run: RunName, runs: RunsFolder = Path("runs"), note: Note = "", mirror: LoggerName = None) -> None:
    """Resume a run that was killed, stopped or failed; its results equal those of an uninterrupted run."""
    from scratchlab.pipeline import SECTIONS
    from scratchlab.store.run import Run

    found = Run.find(runs, run)
    if found.state() == "finished":
        raise Problem(f"{found.folder} is finished; `scratchlab show {found.folder.name}` shows it.")
    if found.status["state"] == "damaged":
        raise Problem(f"{found.folder / 'status.json'} is damaged, so this run cannot be resumed; restore the file, or begin another run.")
    resolved = found.resolved(SECTIONS)
    if resolved.key != found.status["key"]:
        raise Problem(
            f"{found.folder}/recipe.toml is not the recipe this run began with, so resuming would mix two runs; "
            f"restore it, or begin another run with `scratchlab run {found.folder}/recipe.toml`."
        )

    def reopen() -> Run:
        if found.state() != "running":  # the note of a run that another process is writing stays
            found.annotate(note)
        return found

    _perform(resolved, reopen, mirror)


def _perform(recipe: Recipe, open_run: Callable[[], Run], mirror: str | None) -> None:
    """Trains and evaluates in the run's folder, in every process of torchrun; rank 0 then writes the report and prints its address."""
    from scratchlab.experiment import perform
    from scratchlab.learn import parallel
    from scratchlab.loggers import catalog
    from scratchlab.loggers.background import InBackground
    from scratchlab.report.run import page, terminal
    from scratchlab.store.run import Run

    logger = catalog.chosen(mirror) if mirror else None
    with parallel.processes(), contextlib.ExitStack() as stack:
        first = parallel.rank() == 0
        run = Run(Path(parallel.broadcast(str(open_run().folder) if first else "")))
        if first:
            stack.callback(update_notes, run)
        if logger and first:
            stack.enter_context(InBackground(logger(run), run, console.print))
        try:
            perform(recipe, run, console)
        except KeyboardInterrupt:
            if first:
                console.print(f"Stopped; `scratchlab resume {run.folder}` continues the run.")
            raise typer.Exit(130) from None
        except Diverged:
            if first:
                page.write(run)
            raise
        if first:
            report = page.write(run)
            console.print(terminal.outcome(run))
            print_link("Report", report)
