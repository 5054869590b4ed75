"""Does the noise of training curves grow with the rate, or with the ratio of readout to body?

    python studies/digit_noise.py [--root mnist.npz] [--page FILE.md]      (two to five minutes)

A report of 2022 saw curves of some pairs of rates jump more than others and left the question open: its pairs tied the ratio to the rate.
recipes/sweeps/digit-pairs-noise.toml crosses four rates of the readout with four of the body. Of each run and curve, noise is the
standard deviation of its jumps from epoch to epoch about a smooth course (`scratchlab.metrics.curves.roughness`, of losses in logarithms),
without the first epochs, where curves fall steeply. Its logarithm is fitted by the logarithms of rate and ratio together, with a level for
each pair of digits: log noise = level + α log sqrt(readout · body) + β log(readout / body).
"""

from __future__ import annotations

import numpy as np
import polars as pl

from scratchlab.checks import counted
from scratchlab.metrics.curves import roughness
from scratchlab.metrics.estimate import Estimate
from scratchlab.metrics.regression import slopes
from scratchlab.report import study
from scratchlab.report.markdown import pivot, table
from scratchlab.sweeps import making
from scratchlab.sweeps.sweep import Sweep

SETTLED = 4  # epochs that are left out
SETS = {"train": "training", "valid": "validation"}
CURVES = {
    **{f"{one}.{figure}": f"{called} {figure}" for one, called in SETS.items() for figure in ("loss", "accuracy")},
    **{f"cka.{one}.rectifiers.1": f"{called} CKA" for one, called in SETS.items()},
}


def main() -> None:
    given = making.of_plan(__doc__, "digit-pairs-noise").parse_args()
    study.publish("\n".join(tables(measured(making.swept(given)))), given.page)


def measured(sweep: Sweep) -> pl.DataFrame:
    """A row a run: pair, readout, body, state, and the noise of each curve once it has settled, None where it is undefined."""
    noise: dict[str, list[float | None]] = {called: [] for called in CURVES.values()}
    for curves in sweep.curves():
        for name, called in CURVES.items():
            values = np.array([value for epoch, value in sorted(curves.get(name, {}).items()) if epoch > SETTLED])
            noise[called].append(roughness((np.log(values) if name.endswith("loss") else values).tolist()).value)
    rates = [pl.col(f"training.rates.{one}").cast(pl.Float64).alias(one) for one in ("readout", "body")]
    series = [pl.Series(called, values, dtype=pl.Float64) for called, values in noise.items()]
    return sweep.table().select(pl.col("protocol.classes").alias("pair"), *rates, "state", *series)


def tables(runs: pl.DataFrame) -> list[str]:
    """The page: what the noise grows with, and how large it is in each cell, as a median over pairs and seeds."""
    parts = [
        f"{counted(runs.height, 'run')}, {(runs['state'] == 'diverged').sum()} diverged.\n",
        "## What noise grows with\n",
        "How many times as large it is where the rate is ten times as large at the same ratio, and where the ratio is ten times as large "
        "at the same rate; 95 % intervals over configurations. For sure: where intervals for all slopes together (Bonferroni) exclude 1. "
        "A curve at rest counts as the least noise that another had.\n",
        growth(runs),
        "## How large it is\n",
    ]
    cells = runs.sort("readout", "body").with_columns(pl.format("readout {}", "readout"), pl.format("body {}", "body"))
    for called in ("validation loss", "validation CKA"):
        sizes = pivot(cells, "readout", "body", lambda of, called=called: f"{of[called].median() or float('nan'):.4f}")
        parts.append(f"### {called[0].upper()}{called[1:]}\n\n{sizes}")
    return parts


def growth(runs: pl.DataFrame) -> str:
    """A row a curve: ten to the power of α and of β, and which it is, judged with all others together."""
    body: list[list[str]] = []
    rates = runs.select(pl.col("readout", "body").log10()).to_numpy()
    settings = np.column_stack([rates.mean(axis=1), rates[:, 0] - rates[:, 1]])
    blocks, cells = (
        runs.select(pl.struct(of).rank("dense").cast(pl.Int64)).to_series().to_numpy() for of in (["pair"], ["pair", "readout", "body"])
    )
    for called in CURVES.values():
        noise = runs[called].to_numpy()
        still = noise == 0
        logs = np.log10(np.where(still, noise[noise > 0].min(initial=np.inf), noise))
        grows = verdict(*slopes(settings, logs, blocks, cells, level=1 - 0.05 / (2 * len(CURVES))))
        body.append([called, *map(times, slopes(settings, logs, blocks, cells)), grows, str(still.sum()), str(np.isnan(noise).sum())])
    return table(["noise of", "rate × 10", "ratio × 10", "grows, for sure", "at rest", "undefined"], body)


def times(slope: Estimate) -> str:
    """`3.1 × [2.5, 3.8]`."""
    if slope.value is None or slope.low is None or slope.high is None:
        return slope.how
    return f"{10**slope.value:.2f} × [{10**slope.low:.2f}, {10**slope.high:.2f}]"


def verdict(rate: Estimate, ratio: Estimate) -> str:
    """With which of both it is sure to grow or to fall."""
    bounds = [(one.low, one.high, name) for one, name in ((rate, "rate"), (ratio, "ratio")) if one.low is not None and one.high is not None]
    sure = [f"{'with' if low > 0 else 'against'} the {name}" for low, high, name in bounds if low * high > 0]
    return " and ".join(sure) or "with neither"


if __name__ == "__main__":
    study.run(main)
