"""The command that answers for new files: by a finished run, or by enrolled words."""

from __future__ import annotations

import csv
import io
import json
from dataclasses import asdict, fields
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from scratchlab.checks import Problem
from scratchlab.cli.program import RunsFolder, app, console

if TYPE_CHECKING:
    from scratchlab.inference.prediction import Prediction

SUFFIXES = (".wav", ".flac", ".ogg", ".png", ".jpg", ".jpeg", ".bmp", ".gif", ".tif", ".tiff", ".webp")  # of the files taken from a folder


@app.command()
def predict(
    run: Annotated[
        str, typer.Argument(metavar="RUN", help="a run's name, the beginning or end of its name, its folder, or 'last'; or a home's folder")
    ],
    inputs: Annotated[list[Path], typer.Argument(metavar="FILE...", help="recordings or images; a folder: all of those in it")],
    head: Annotated[str | None, typer.Option("--head", help="the head of the run that answers; default: the leading one")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="print one JSON object per file and line")] = False,
    table: Annotated[str, typer.Option("--csv", metavar="FILE", help="write a CSV file instead of printing; -: print it")] = "",
    runs: RunsFolder = Path("runs"),
) -> None:
    """Answer for new files: the class of each, its score, and the class that came second."""
    from scratchlab.inference.home import Home
    from scratchlab.inference.loading import load
    from scratchlab.inference.trained import TrainedRun
    from scratchlab.report.predictions import answers
    from scratchlab.store.files import write_text

    if as_json and table:
        raise Problem("--json and --csv both say how to print; give one.")
    files = [file for given in inputs for file in _files(given)]
    predictor = load(run, runs)
    if isinstance(predictor, TrainedRun):
        predicted = predictor.predict(files, head)
    elif head is None:
        predicted = predictor.predict(files)
    else:
        raise Problem(f"--head chooses among the heads of a run; {run} is not a run, so leave it out.")
    if as_json:
        console.print("\n".join(json.dumps(asdict(one), ensure_ascii=False) for one in predicted), soft_wrap=True)
    elif table == "-":
        console.print(_csv(predicted), end="", soft_wrap=True)
    elif table:
        write_text(Path(table), _csv(predicted), "--csv")
        console.print(f"{len(predicted)} answers in {table}.", soft_wrap=True)
    else:
        console.print(answers(predicted))
        if isinstance(predictor, Home) and predictor.threshold is not None:
            console.print(f"Below a score of {predictor.threshold:.3f} the answer is unknown.")


def _files(given: Path) -> list[Path]:
    """The file, or all recordings and images in the folder, at any depth, sorted. Raises Problem where there is none."""
    if not given.is_dir():
        return [given]
    found = sorted(path for path in given.rglob("*") if path.suffix.lower() in SUFFIXES and path.is_file())
    if not found:
        raise Problem(f"The folder {given} contains no recording and no image ({', '.join(SUFFIXES)}).")
    return found


def _csv(predicted: list[Prediction]) -> str:
    from scratchlab.inference.prediction import Prediction

    text = io.StringIO()
    writer = csv.DictWriter(text, [field.name for field in fields(Prediction)], lineterminator="\n")
    writer.writeheader()
    writer.writerows(asdict(one) for one in predicted)
    return text.getvalue()
