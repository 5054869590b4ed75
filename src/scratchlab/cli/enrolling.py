"""The command that enrols words."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from scratchlab.checks import Problem
from scratchlab.cli.program import app, console, print_link


@app.command()
def enrol(
    folder: Annotated[
        Path | None, typer.Argument(metavar="FOLDER", help="folder with a folder of recordings for each word, WORD/*.wav")
    ] = None,
    name: Annotated[Path, typer.Option("--name", "-n", help="folder that is written: the enrolled words")] = Path("home"),
    run: Annotated[
        str | None,
        typer.Option("--from", help="a run of sound, whose embedder compares the recordings; default: a published speech embedding"),
    ] = None,
    others: Annotated[
        Path | None, typer.Option("--others", help="folder of sounds that are none of the words: speech, noise; they improve the threshold")
    ] = None,
    add: Annotated[bool, typer.Option("--add", help="add words or recordings to those that --name holds")] = False,
    replace: Annotated[bool, typer.Option("--replace", help="replace what --name holds")] = False,
    remove: Annotated[list[str] | None, typer.Option("--remove", help="remove a word from --name; may be repeated")] = None,
    false_acceptance: Annotated[
        float | None, typer.Option("--false-acceptance", min=0.001, max=0.5, help="share of unknown sounds that may pass; default: 0.05")
    ] = None,
    false_alarms: Annotated[
        float | None, typer.Option("--false-alarms", min=0, help="most false alarms an hour of the sounds of --others; default: any number")
    ] = None,
    runs: Annotated[Path, typer.Option("--runs", envvar="SCRATCHLAB_RUNS", help="folder of the runs, for --from")] = Path("runs"),
) -> None:
    """Enrol words from a few recordings each, without training: checks the recordings, measures itself, and answers for new ones."""
    from rich.progress import track

    from scratchlab.inference import enrolment, home_folder
    from scratchlab.inference.measuring import RATES, Rates
    from scratchlab.report.home import page, terminal
    from scratchlab.store.run import Run

    if (folder is None) == (not remove):
        raise Problem("Give either a folder of recordings to enrol, or words to remove with --remove.")
    if folder is None:
        home = enrolment.removed(home_folder.load(name), remove or [])
        home_folder.save(home, name)
    else:
        home = enrolment.enrol(
            folder,
            name,
            run=Run.find(runs, run).folder if run else None,
            others=others,
            add=add,
            replace=replace,
            rates=Rates(false_acceptance or RATES.false_acceptance, false_alarms) if false_acceptance or false_alarms is not None else None,
            progress=lambda names: track(names, "embedding", transient=True, disable=not console.is_terminal),
        )
    console.print(terminal.summary(home))
    print_link("Page", page.write(home, name / home_folder.PAGE))
    console.print(f"Next: scratchlab predict {name} clip.wav", soft_wrap=True)
