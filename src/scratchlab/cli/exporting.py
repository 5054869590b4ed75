"""The command that writes models for other programs."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from scratchlab.cli.program import RunsFolder, app, console


@app.command()
def export(
    source: Annotated[str, typer.Argument(metavar="HOME|RUN", help="folder of enrolled words, or a run's name or folder")],
    path: Annotated[Path, typer.Argument(metavar="PATH", help="the file that is written, *.onnx")],
    runs: RunsFolder = Path("runs"),
) -> None:
    """Write enrolled words, or the embedder of a run, as one ONNX file from the waveform on, checked with onnxruntime."""
    from scratchlab.inference import exporting
    from scratchlab.store.run import Run

    folder = Path(source) if Path(source).is_dir() else Run.find(runs, source).folder
    with console.status("exporting, about a minute"):
        written = exporting.export(folder, path)
    console.print(str(written), soft_wrap=True)
