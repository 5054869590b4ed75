"""The page of a run: everything is read from the run's folder, and the page loads no other file."""

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
    Origin("Recall, confusions", "units.parquet; columns head, truth, answer", "counts over all draws, as fractions of the true class"),
    Origin(
        "Selected epoch",
        "metrics.jsonl; kept, valid_accuracy, valid_loss",
        "the last epoch with kept = true; by training.select: smallest validation loss, or largest accuracy, then smallest loss",
    ),
    Origin("Speed", "metrics.jsonl; inputs, cpu_seconds", "sum of inputs / sum of CPU-seconds, without validation and evaluation"),
)


def write(run: Run) -> Path:
    """Saves the page as report.html in the run's folder."""
    run.save_text("report.html", page(run))
    return run.folder / "report.html"


def page(run: Run) -> str:
    """The page of a run in any state."""
    status, recipe, state, result = run.status, run.recipe(), run.state(), run.result()
    epochs = Epochs.of(run)
    charts, readings = _training_charts(epochs), Readings.of(run, epochs.records)
    context: dict[str, Any] = {
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
    } | _environment(run.json("environment"))
    if readings.epochs:
        context |= _cka_context(readings, recipe["observe"]["kernels"])
        charts |= kernels.figures(readings, epochs)
    if result:
        heads = confusions(result)
        section = SECTIONS[result.kind](result, heads)
        context |= _result(result, heads, section)
        parted = matrices.first(result.classes)
        charts |= section.figures
        if "noise" in result.facts:
            context["noise"] = NoiseSection.of(result.facts["noise"])
            charts |= noise.figures(run, result.facts["noise"], epochs)
        charts |= {f"confusion-{number}": matrices.confusion(head, parted, context["worst"]) for number, head in enumerate(heads, 1)}
    return shell.rendered("run", context, charts)


# -- variables of the template ------------------------------------------------------------------------------


def _result(result: Result, heads: list[Confusion], section: Section) -> Values:
    """The variables for a result: the heads with their metrics, the confusion matrices, and the origins of the numbers."""
    return {
        "result": result,
        "section": section.title,
        "kind": section.about,
        "last": words.place(result.head.rows[-1].context),
        "draws": result.head.headline.n if result.layout.repetition else 0,
        "classes": result.classes,
        "parted": len(set(result.classes.values())) > 1,
        "meanings": {
            estimate.how: words.meaning(estimate.how, section.meanings) for estimate in result.estimates if estimate.low is not None
        },
        "confusions": heads,
        "recalls": {head.head: head.recalls() for head in heads},
        "worst": max((pair.count / pair.total for head in heads for pair in head.pairs(1)), default=0.0),
        "origins": [*section.origins, *ORIGINS],
        "snippet": section.snippet,
    }


def _cka_context(readings: Readings, settings: Values) -> Values:
    """The variables for the CKA of layers."""
    return {
        "kernels": readings,
        "kernel_settings": settings,
        "names": NAMES,
        "depths": {name: kernels.depth(readings, name) for name in readings.layers},
        "undefined_kernels": readings.undefined(),
    }


def _settings(values: Values) -> list[tuple[str, Any]]:
    """The settings of a section with dotted names: `noise.level`."""
    return [(name, "none" if value == {} else value) for name, value in flat(values).items()]


def _environment(environment: Values) -> Values:
    """The variables for machine, versions and code; includes scratchlab's own git checkout if it is another one."""
    checkouts = {"Git": environment["git"]}
    if environment["git_scratchlab"]:
        checkouts["Git of scratchlab"] = environment["git_scratchlab"]
    checkouts |= {f"Git of {package}": facts["git"] for package, facts in environment.get("plugins", {}).items() if facts["git"]}
    return {"environment": environment, "command": shlex.join(environment["command"]), "checkouts": checkouts}


# -- charts ------------------------------------------------------------------------------------------------


def _training_charts(epochs: Epochs) -> dict[str, Figure]:
    if not epochs.records:
        return {}
    charts = {"losses": figures.losses(epochs), "rates": figures.rates(epochs), "speed": figures.speed(epochs)}
    return charts | ({"accuracies": figures.accuracies(epochs)} if epochs.accuracy_keys else {})
