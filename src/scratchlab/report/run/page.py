"""One run as one page: everything is read from the run's folder, and the page asks nobody else for anything."""

from __future__ import annotations

import shlex
from pathlib import Path
from typing import Any

from scratchlab.analysis.mistakes import Mistakes, kin, mistakes
from scratchlab.analysis.summary import METRICS, Head, arrivals, estimates
from scratchlab.checks import counted
from scratchlab.recipe import Values, flat
from scratchlab.report import shell
from scratchlab.report.charts import Figure
from scratchlab.report.epochs import Epochs
from scratchlab.report.run import figures, kernels, words
from scratchlab.report.run.origins import origins, snippet
from scratchlab.report.run.readings import NAMES, Readings
from scratchlab.store.run import Run


def write(run: Run) -> Path:
    """Saves the page as report.html in the run's folder."""
    run.save_text("report.html", page(run))
    return run.folder / "report.html"


def page(run: Run) -> str:
    """The page of a run: finished, failed or under way."""
    status, recipe, state, summary = run.status, run.recipe(), run.state(), run.json("summary")
    epochs = Epochs(run.records(), recipe["training"], state == "finished")
    drawn, read = _of_training(epochs), Readings.of(run, epochs.records)
    about: dict[str, Any] = {
        "name": run.folder.name,
        "title": status["title"] or status["recipe"],
        "note": run.note,
        "status": status,
        "state": state,
        "elapsed": words.elapsed(status["created"], status.get("heartbeat", status["created"])),
        "problem": status["where"] if state in ("failed", "stopped") else "",
        "diagnosis": run.json("diagnosis") if state == "failed" else None,
        "sentence": words.sentence(state, len(epochs.records), epochs.settings["epochs"]),
        "epochs": epochs,
        "recipe": {section: _settings(values) for section, values in recipe.items() if section != "seed"},
        "heads": {},
        "kernels": None,
    } | _surroundings(run.json("environment"))
    if read.epochs:
        about |= _read(read, recipe["observe"]["kernels"])
        drawn |= kernels.figures(read, epochs)
    if summary:
        found = mistakes(run.scan("predictions"), summary)
        about |= _result(summary, found) | {"alike": next((name for name in summary["heads"] if name in recipe.get("similarity", {})), "")}
        drawn |= _of_result(summary, found, about["worst"])
    return shell.rendered("run", about, drawn)


# -- what the page tells ----------------------------------------------------------------------------------


def _result(summary: Values, found: list[Mistakes]) -> Values:
    """What came out: the heads with their estimates, the mistakes, and where all of it came from."""
    heads = {name: estimates(head) for name, head in summary["heads"].items()}
    sessions = heads[summary["head"]]["sessions"]
    every = [one for head in heads.values() for one in [head["average"], head["drop"], *(s[m] for s in head["sessions"] for m in METRICS)]]
    return {
        "heads": heads,
        "head": summary["head"],
        "base": sessions[0]["accuracy"],
        "last": sessions[-1]["accuracy"],
        "later": counted(len(sessions) - 1, "session") if len(sessions) > 1 else "",
        "draws": sessions[-1]["accuracy"].n,
        "classes": summary["classes"],
        "base_classes": summary["base_classes"],
        "arrival": {name: f"session {number}" if number else "base" for name, number in arrivals(summary["classes"], sessions).items()},
        "meanings": {one.how: words.meaning(one.how) for one in every if one.low is not None},
        "mistakes": found,
        "kin": kin(summary, found),
        "recalls": {one.head: one.recalls() for one in found},
        "worst": max((pair.count / pair.asked for one in found for pair in one.pairs(1)), default=0.0),
        "origins": origins(summary),
        "snippet": snippet(summary),
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


def _of_result(summary: Values, found: list[Mistakes], worst: float) -> dict[str, Figure]:
    heads: dict[str, Head] = summary["heads"]
    drawn = {f"confusion-{number}": figures.confusion(one, summary["base_classes"], worst) for number, one in enumerate(found, 1)}
    if len(heads[summary["head"]]["sessions"]) > 1:
        drawn |= {name: figures.session_curve(heads, name, height) for name, height in (("accuracy", 420), ("base", 280), ("new", 280))}
    return drawn
