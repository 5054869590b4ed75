"""Commands that make runs: one, many, or what is missing of one."""

from __future__ import annotations

import contextlib
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from scratchlab.checks import Diverged, Problem
from scratchlab.cli.program import RunName, RunsFolder, app, console, lead_to
from scratchlab.cli.writing import noted

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
    again: Annotated[bool, typer.Option("--again", help="repeat a run that exists already, in a new folder")] = False,
    note: Note = "",
    mirror: LoggerName = None,
) -> None:
    """Train and evaluate a recipe; its folder keeps settings, weights, predictions and a report."""
    from scratchlab import recipe as recipes
    from scratchlab import shelf
    from scratchlab.pipeline import SECTIONS, check
    from scratchlab.store.run import Run

    path = shelf.find(recipe)
    there = shelf.read(path)
    raw = recipes.overridden(there, settings or [])
    resolved = recipes.resolve(raw, SECTIONS, path.stem)
    check(resolved)
    title, changed = str(raw.get("title", "")), recipes.differences(raw, there)
    _perform(resolved, lambda: Run.create(runs, resolved, title, again=again, note=note, changed=changed), mirror)


@app.command()
def sweep(
    plan: Annotated[str, typer.Argument(metavar="PLAN", help="a plan's file, or its name in recipes/sweeps")],
    settings: Annotated[list[str] | None, typer.Option("--set", "-s", help="a setting for all runs; may be repeated")] = None,
    runs: RunsFolder = Path("runs"),
    seeds: Annotated[int | None, typer.Option("--seeds", min=1, help="number of seeds, in place of the plan's")] = None,
    workers: Annotated[int, typer.Option("--workers", "-w", min=0, help="runs at a time; 0: as many as the engine can hold")] = 0,
    dry: Annotated[
        bool, typer.Option("--dry-run", help="run nothing and write nothing: print which runs exist and which are missing")
    ] = False,
    engine: Annotated[str, typer.Option("--engine", help="where they run: local, ray, slurm")] = "local",
    options: Annotated[list[str] | None, typer.Option("--option", "-o", help="a setting of the engine; may be repeated")] = None,
    address: Annotated[str | None, typer.Option("--address", help="of a running cluster of Ray; the same as -o address=")] = None,
    note: Note = "",
) -> None:
    """Run what is missing of a plan, several runs at a time, and write a table and a page; after a kill the same command resumes."""
    from scratchlab import shelf
    from scratchlab.report.sweep import page, terminal
    from scratchlab.sweeps.engines import catalog
    from scratchlab.sweeps.plan import planned
    from scratchlab.sweeps.progress import completed
    from scratchlab.sweeps.sweep import Sweep

    makes = catalog.chosen(engine, workers, [*(options or []), *([f"address={address}"] if address else [])])
    found = Sweep(planned(shelf.find_plan(plan), settings or [], seeds), runs, note)
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
    console.print(terminal.table(found.shown()))
    lead_to("Table", found.folder.table)
    lead_to("Page", page.write(found.drawn(), found.folder.path / "sweep.html"))
    if failed:
        console.print(terminal.endings([(one.order.run.folder.name, one.state, one.words) for one in failed]))
        raise typer.Exit(1)


@app.command()
def resume(run: RunName, runs: RunsFolder = Path("runs"), note: Note = "", mirror: LoggerName = None) -> None:
    """Resume a run that was killed, stopped or failed; its results equal those of an uninterrupted run."""
    from scratchlab import recipe as recipes
    from scratchlab.pipeline import SECTIONS
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

    def place() -> Run:
        if found.state() != "running":  # whoever is at it does not want another's words
            found.annotate(note)
        return found

    _perform(resolved, place, mirror)


def _perform(recipe: Recipe, place: Callable[[], Run], mirror: str | None) -> None:
    """Trains and evaluates in the run's folder (in every process that torchrun started), then writes the report and prints its address."""
    from scratchlab.experiment import perform
    from scratchlab.learn import parallel
    from scratchlab.loggers import catalog
    from scratchlab.loggers.background import InBackground
    from scratchlab.report.run import page, terminal
    from scratchlab.store.run import Run

    logger = catalog.chosen(mirror) if mirror else None
    with parallel.processes(), contextlib.ExitStack() as beside:
        leads = parallel.rank() == 0
        run = Run(Path(parallel.broadcast(str(place().folder) if leads else "")))
        if leads:
            beside.callback(noted, run)
        if logger and leads:
            beside.enter_context(InBackground(logger(run), run, console.print))
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
            lead_to("Report", report)
