"""One run as one page: everything is read from the run's folder, and the page asks nobody else for anything."""

from __future__ import annotations

import shlex
from pathlib import Path
from typing import Any

from scratchlab.analysis.confusion import Confusion, confusions
from scratchlab.recipe import Values, flat
from scratchlab.report import matrices, shell
from scratchlab.report.charts import Figure
from scratchlab.report.epochs import Epochs
from scratchlab.report.lines import OUTLINES
from scratchlab.report.run import figures, kernels, noise, words
from scratchlab.report.run.kinds.catalog import SECTIONS
from scratchlab.report.run.kinds.interface import Origin, Section
from scratchlab.report.run.noise import NoiseSection
from scratchlab.report.run.readings import NAMES, Readings
from scratchlab.result import Result
from scratchlab.store.run import Run

ORIGINS = (
    Origin("Recall, confusions", "units.parquet; columns head, truth, answer", "counts over all draws, as shares of the true class"),
    Origin(
        "Kept epoch",
        "metrics.jsonl; kept, valid_accuracy, valid_loss",
        "the last epoch marked as kept; by training.select: smallest validation loss, or largest accuracy and then smallest loss",
    ),
    Origin("Speed", "metrics.jsonl; inputs, cpu_seconds", "sum of inputs over sum of CPU-seconds, without validation and evaluation"),
)


def write(run: Run) -> Path:
    """Saves the page as report.html in the run's folder."""
    run.save_text("report.html", page(run))
    return run.folder / "report.html"


def page(run: Run) -> str:
    """The page of a run: finished, failed or under way."""
    status, recipe, state, result = run.status, run.recipe(), run.state(), run.result()
    epochs = Epochs.of(run)
    drawn, read = _of_training(epochs), Readings.of(run, epochs.records)
    about: dict[str, Any] = {
        "name": run.folder.name,
        "title": status["title"] or status["recipe"],
        "marks": OUTLINES,
        "note": run.note,
        "status": status,
        "state": state,
        "elapsed": words.elapsed(status["created"], status.get("heartbeat", status["created"])),
        "problem": status["where"] if state in ("failed", "stopped") else "",
        "diagnosis": run.json("diagnosis") if state == "failed" else None,
        "sentence": words.sentence(state, len(epochs.records), epochs.expected),
        "epochs": epochs,
        "recipe": {section: _settings(values) for section, values in recipe.items() if section != "seed"},
        "result": None,
        "confusions": list[Confusion](),
        "kernels": None,
        "noise": None,
    } | _surroundings(run.json("environment"))
    if read.epochs:
        about |= _read(read, recipe["observe"]["kernels"])
        drawn |= kernels.figures(read, epochs)
    if result:
        found = confusions(result)
        section = SECTIONS[result.kind](result, found)
        about |= _result(result, found, section)
        parted = matrices.first(result.classes)
        drawn |= section.figures
        if "noise" in result.facts:
            about["noise"] = NoiseSection.of(result.facts["noise"])
            drawn |= noise.figures(run, result.facts["noise"], epochs)
        drawn |= {f"confusion-{number}": figures.confusion(one, parted, about["worst"]) for number, one in enumerate(found, 1)}
    return shell.rendered("run", about, drawn)


# -- what the page tells ----------------------------------------------------------------------------------


def _result(result: Result, found: list[Confusion], section: Section) -> Values:
    """What came out: the heads with their metrics, the confusions, and where all of it comes from."""
    return {
        "result": result,
        "section": section.title,
        "kind": section.about,
        "last": words.place(result.head.rows[-1].context),
        "draws": result.head.headline.n if result.layout.repetition else 0,
        "classes": result.classes,
        "parted": len(set(result.classes.values())) > 1,
        "meanings": {one.how: words.meaning(one.how, section.meanings) for one in result.estimates if one.low is not None},
        "confusions": found,
        "recalls": {one.head: one.recalls() for one in found},
        "worst": max((pair.count / pair.total for one in found for pair in one.pairs(1)), default=0.0),
        "origins": [*section.origins, *ORIGINS],
        "snippet": section.snippet,
    }


def _read(found: Readings, settings: Values) -> Values:
    """What was read of the layers' kernels."""
    return {
        "kernels": found,
        "kernel_settings": settings,
        "names": NAMES,
        "depths": {name: kernels.depth(found, name) for name in found.layers},
        "undefined_kernels": found.undefined(),
    }


def _settings(values: Values) -> list[tuple[str, Any]]:
    """Settings with the names of their tables in front: `noise.level`."""
    return [(name, "none" if value == {} else value) for name, value in flat(values).items()]


def _surroundings(environment: Values) -> Values:
    """Machine, versions, code; scratchlab's own checkout where it is another."""
    checkouts = {"Git": environment["git"]}
    if environment["git_scratchlab"]:
        checkouts["Git of scratchlab"] = environment["git_scratchlab"]
    return {"environment": environment, "command": shlex.join(environment["command"]), "checkouts": checkouts}


# -- what the page shows ----------------------------------------------------------------------------------


def _of_training(epochs: Epochs) -> dict[str, Figure]:
    if not epochs.records:
        return {}
    drawn = {"losses": figures.losses(epochs), "rates": figures.rates(epochs), "speed": figures.speed(epochs)}
    return drawn | ({"accuracies": figures.accuracies(epochs)} if epochs.judged else {})
