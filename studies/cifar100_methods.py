"""The gains of published methods over class means on CIFAR-100: one recipe, every method, the same seeds and shots.

    python studies/cifar100_methods.py --root FOLDER --methods teen compositional fact      (half a minute a run on 40 images a class)

Every run is one of `scratchlab run cifar100 -s method.name=...`, with the method's published settings. Methods with the same
seed use the same validation images and shots, so their differences are paired: the difference in each draw, averaged over the draws of a
seed; the interval is Student's over the seeds. All seeds use the same test images, so it does not show the variation between images.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
from scipy.special import softmax  # pyright: ignore[reportUnknownVariableType]
from scipy.stats import entropy

from scratchlab.learn.methods.catalog import METHODS
from scratchlab.metrics.estimate import Estimate, over_draws
from scratchlab.report import study
from scratchlab.report.markdown import percent, points, table
from scratchlab.result import Result
from scratchlab.store.run import Run
from scratchlab.sweeps import making

BASELINE = "prototypes"
PUBLISHED = {"cec": "average", "fact": "average", "savc": "average", "teen": "new", "fill": "new", "compositional": "average"}
"""Methods, each with the metric that its paper reports to increase."""
FIGURES = {"base": "base", "last": "last session", "new": "new in it", "average": "average", "drop": "drop"}
GAINS = ("last", "new", "average")
Figures = dict[str, npt.NDArray[np.float64]]  # metric -> one value per seed: the mean over draws; NaN if undefined


def figures(results: Sequence[Result]) -> Figures:
    """By metric, the mean over draws of each result, for the method's leading head; accuracies are on all classes seen so far."""
    names = {"base": "base_accuracy", "last": "final_accuracy", "average": "average_accuracy", "drop": "performance_drop"}
    values = [
        {one: head.metrics[name] for one, name in names.items()} | {"new": head.rows[-1].metrics["new"]}
        for head in (result.head for result in results)
    ]
    return {one: np.array([figures_of[one].value for figures_of in values], dtype=np.float64) for one in FIGURES}


def over_seeds(values: npt.NDArray[np.float64]) -> Estimate:
    return over_draws(values.tolist(), "seed", (-1.0, 1.0))


def verdict(gain: Estimate, figure: str) -> str:
    """Whether the published increase of `figure` is reproduced."""
    if gain.low is None or gain.high is None:
        return f"{FIGURES[figure]}: undecided with one seed"
    return f"{FIGURES[figure]}: {'yes' if gain.low > 0 else 'no, it falls' if gain.high < 0 else 'undecided'}"


def tables(methods: dict[str, Figures]) -> str:
    """One row per method, the baseline first."""
    rows: list[list[str]] = []
    for name, figures_of in methods.items():
        gains = {one: over_seeds(figures_of[one] - methods[BASELINE][one]) for one in GAINS}
        compared = ["–"] * 4 if name == BASELINE else [*map(points, gains.values()), verdict(gains[PUBLISHED[name]], PUBLISHED[name])]
        rows.append([name, *(percent(over_seeds(figures_of[one])) for one in FIGURES), *compared])
    return table(["method", *FIGURES.values(), *(f"Δ {FIGURES[figure]}" for figure in GAINS), "rises as published"], rows)


def likeness(runs: Sequence[Run]) -> str:
    """The similarity of the baseline's class means, and over how many of them TEEN's calibration (τ = 16) spreads."""
    means = [run.load_arrays("weights")[0]["references.cosine.0.vector"].astype(np.float64) for run in runs]  # type: ignore[index]
    units = [one / np.linalg.norm(one, axis=1, keepdims=True) for one in means]
    cosines = [(one @ one.T)[~np.eye(len(one), dtype=np.bool_)].reshape(len(one), -1) for one in units]
    spread = [np.exp(entropy(softmax(16 * one, axis=1), axis=1)).mean() for one in cosines]
    return (
        f"The class means of two base classes have a mean cosine of {np.mean([one.mean() for one in cosines]):.2f}; the calibration "
        f"weights (τ = 16) of one of them over the others have the entropy of {np.mean(spread):.0f} equal weights."
    )


def main() -> None:
    parser = making.of_recipe(__doc__, "cifar100")
    parser.add_argument("--methods", nargs="+", default=[name for name in PUBLISHED if name in METHODS], choices=list(PUBLISHED))
    given = parser.parse_args()
    runs = making.runs_of(given, {BASELINE: (), **{name: (f"method.name={name}",) for name in given.methods}})
    text = tables({name: figures([result for run in of if (result := run.result())]) for name, of in runs.items()})
    text += f"\nMean over seeds {', '.join(map(str, given.seeds))} [95 % interval over them]. {likeness(runs[BASELINE])}\n"
    study.publish(text, given.page)


if __name__ == "__main__":
    study.run(main)
