"""Opens a finished run, or a home of enrolled words, so that it can answer for new inputs."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from scratchlab.checks import Problem
from scratchlab.store.run import Run

if TYPE_CHECKING:
    from scratchlab.inference.home import Home
    from scratchlab.inference.trained import TrainedRun


def load(path: str | Path, runs: str | Path = "runs") -> TrainedRun | Home:
    """A finished run, or a home of enrolled words, that answers for new inputs: `load("last").predict(["clip.wav"])`.

    path: the folder of either; or a run's name in the folder `runs`, the beginning or end of its name, or "last". Inputs are files, or
    arrays: sound `[samples]`, images `[c, h, w]`. Raises Problem where there is neither, and for a run that cannot answer.

    >>> import tempfile, numpy, rich.console
    >>> from scratchlab import experiment, pipeline, recipe
    >>> parts = {"data": {"name": "sklearn_digits"}, "frontend": {"name": "pixels"}, "encoder": {"name": "mlp"}}
    >>> parts |= {"protocol": {"name": "closed_set"}, "training": {"epochs": 1}, "schedule": {"warmup": 0}}
    >>> digits, runs = recipe.resolve(parts, pipeline.SECTIONS, "digits"), tempfile.TemporaryDirectory()
    >>> run = Run.create(Path(runs.name), digits)
    >>> experiment.perform(digits, run, rich.console.Console(quiet=True))  # `scratchlab run` does the same
    >>> (answer,) = load("digits", runs.name).predict(numpy.zeros((1, 8, 8)))
    >>> answer.source, answer.label in load(run.folder).classes
    ('input 1', True)
    """
    folder = Path(path).expanduser()
    if (folder / "home.toml").is_file():
        from scratchlab.inference import home_folder

        return home_folder.load(folder)
    if folder.is_dir() and not Run(folder).exists:
        raise Problem(f"{folder} is neither the folder of a run (with status.json) nor of enrolled words (with home.toml).")
    from scratchlab.inference.trained import TrainedRun

    try:
        return TrainedRun(Run.find(Path(runs), str(folder)))
    except Problem as problem:
        if folder.exists():
            raise
        raise Problem(f"{problem} Nor is there a folder {folder} of enrolled words, which `scratchlab enrol` makes.") from None
