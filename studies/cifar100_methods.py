"""What published methods gain over class means on CIFAR-100: one recipe, every method, the same seeds and shots.

Run: python studies/cifar100_methods.py --root FOLDER [--runs runs] [--seeds 0 1 2] [--workers 2] [-s training.epochs=100 ...]

Every run is one of `scratchlab run cifar100 -s method.name=...`, with the method's published settings as they stand in its file; finished
runs are found again, so that a study that was killed goes on. Methods of one seed are given the same validation images and the same shots,
and so are compared by pairs: the difference in each draw, averaged over the draws of a seed; the interval is Student's over the seeds. All
seeds ask the same test images, so it says nothing of others.
"""

from __future__ import annotations

import argparse

import numpy as np
import numpy.typing as npt
import page
import polars as pl
from jobs import Job, common, finished
from page import percent, points, table
from scipy.special import softmax  # pyright: ignore[reportUnknownVariableType]
from scipy.stats import entropy

from scratchlab.learn.methods.catalog import METHODS
from scratchlab.metrics.estimate import over_draws
from scratchlab.metrics.sessions import average_accuracy, performance_drop
from scratchlab.store.run import Run

Values = npt.NDArray[np.float64]

BASELINE = "prototypes"
PUBLISHED = {"cec": "average", "fact": "average", "savc": "average", "teen": "new", "fill": "new", "compositional": "average"}
"""Methods, and the figure that their papers report to rise; all of them are said to."""
FIGURES = {"base": "base", "last": "last session", "new": "new in it", "average": "average", "drop": "drop"}
GAINS = ("last", "new", "average")


def measured(run: Run) -> dict[str, Values]:
    """By figure, the value in each draw `[draws]`, of the head that speaks for the method. Accuracies are joint."""
    summary = run.json("summary")
    base = summary["classes"][: summary["base_classes"]]
    right = pl.col("truth") == pl.col("predicted")
    rows = (
        run.scan("predictions")
        .filter(pl.col("head") == summary["head"])
        .group_by("session", "draw")
        .agg(right.mean().alias("all"), right.filter(~pl.col("truth").cast(pl.String).is_in(base)).mean().alias("new"))
        .sort("draw", "session")
        .collect()
    )
    later = rows.filter(pl.col("session") > 0)
    draws = later["draw"].n_unique()
    joint = later["all"].to_numpy().reshape(draws, -1)
    first = rows.filter(pl.col("session") == 0)["all"].to_numpy()
    paths = np.concatenate([np.repeat(first[None], draws, axis=0), joint], axis=1)
    return {
        "base": paths[:, 0],
        "last": paths[:, -1],
        "new": later["new"].to_numpy().reshape(draws, -1)[:, -1],
        "average": np.array([average_accuracy(path) for path in paths.tolist()]),
        "drop": np.array([performance_drop(path) for path in paths.tolist()]),
    }


def by_seed(found: list[dict[str, Values]], figure: str) -> list[float]:
    """The mean over draws of each run, one a seed."""
    return [float(one[figure].mean()) for one in found]


def gains(found: list[dict[str, Values]], plain: list[dict[str, Values]], figure: str) -> list[float]:
    """What a method gains over the baseline in each seed: the mean over draws of the difference in the same draw."""
    return [float((one[figure] - other[figure]).mean()) for one, other in zip(found, plain, strict=True)]


def verdict(differences: list[float], figure: str) -> str:
    """Whether the published rise of `figure` shows."""
    estimate = over_draws(differences, "seed", (-1.0, 1.0))
    if estimate.low is None or estimate.high is None:
        return f"{FIGURES[figure]}: one seed tells nothing"
    if estimate.low > 0:
        return f"{FIGURES[figure]}: yes"
    return f"{FIGURES[figure]}: no, it falls" if estimate.high < 0 else f"{FIGURES[figure]}: not decided"


def told(methods: list[str], found: dict[str, list[dict[str, Values]]]) -> str:
    """The table."""
    rows: list[list[str]] = []
    for name in methods:
        accuracies = [percent(over_draws(by_seed(found[name], figure), "seed", (-1.0, 1.0))) for figure in FIGURES]
        if name == BASELINE:
            rows.append([name, *accuracies, *["–"] * len(GAINS), "–"])
            continue
        differences = {figure: gains(found[name], found[BASELINE], figure) for figure in GAINS}
        gained = [points(over_draws(differences[figure], "seed", (-1.0, 1.0))) for figure in GAINS]
        rows.append([name, *accuracies, *gained, verdict(differences[PUBLISHED[name]], PUBLISHED[name])])
    return table(["method", *FIGURES.values(), *(f"Δ {FIGURES[figure]}" for figure in GAINS), "rises as published"], rows)


def likeness(runs: list[Run]) -> str:
    """How alike the baseline's class means are, and over how many of them TEEN's calibration (τ = 16) would spread."""
    cosines: list[float] = []
    spreads: list[float] = []
    for run in runs:
        loaded = run.load_arrays("weights")
        assert loaded is not None
        means: Values = np.asarray(loaded[0]["references.cosine.0.vector"], dtype=np.float64)
        unit = means / np.linalg.norm(means, axis=1, keepdims=True)
        others = (unit @ unit.T)[~np.eye(len(unit), dtype=np.bool_)].reshape(len(unit), -1)
        weights: Values = np.asarray(softmax(16 * others, axis=1))
        cosines.append(float(others.mean()))
        spreads.append(float(np.exp(entropy(weights, axis=1)).mean()))
    return (
        f"Two base classes' means have a cosine of {np.mean(cosines):.2f} on average; the weights of calibration (τ = 16) of one of them "
        f"by the others are spread as over {np.mean(spreads):.0f} classes."
    )


def main() -> None:
    """Runs what is missing, and prints."""
    parser = page.of_runs(page.parser(__doc__, "cifar100"))
    parser.add_argument("--methods", nargs="+", default=[name for name in PUBLISHED if name in METHODS], choices=list(PUBLISHED))
    asked = parser.parse_args()
    methods = [BASELINE, *asked.methods]
    jobs = [job(name, seed, asked) for seed in asked.seeds for name in methods]
    runs = finished(jobs, asked.runs, asked.workers)
    of = {name: runs[place :: len(methods)] for place, name in enumerate(methods)}
    text = told(methods, {name: [measured(run) for run in own] for name, own in of.items()})
    text += f"\nMean over seeds {', '.join(map(str, asked.seeds))} [95 % interval over them]. {likeness(of[BASELINE])}\n"
    page.leave(text, asked.page)


def job(method: str, seed: int, asked: argparse.Namespace) -> Job:
    """The run of one method and seed; the baseline is the recipe as it is."""
    own = (f"seed={seed}", *common(asked))
    return Job(asked.recipe, own if method == BASELINE else (*own, f"method.name={method}"))


if __name__ == "__main__":
    page.spoken(main)
