"""Does the noise of training curves grow with the rate, or with the ratio of readout to body?

    python studies/digit_noise.py [--root mnist.npz] [--page FILE.md]      (two to five minutes)

A report of 2022 saw that curves with some pairs of rates fluctuate more than others, but could not answer this question, because its
pairs confounded ratio and rate. recipes/sweeps/digit-pairs-noise.toml crosses four rates of the readout with four of the body. The noise
of a curve is the standard deviation of its changes between epochs around a smooth trend (`scratchlab.metrics.curves.roughness`; of losses,
in logarithms), without the first epochs, where curves fall steeply. Its logarithm is regressed on the logarithms of rate and ratio, with an
intercept for each pair of digits: log noise = level + α log sqrt(readout · body) + β log(readout / body).
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

SETTLED = 4  # first epochs, which are left out
SETS = {"train": "training", "valid": "validation"}
CURVES = {
    **{f"{one}.{figure}": f"{label} {figure}" for one, label in SETS.items() for figure in ("loss", "accuracy")},
    **{f"cka.{one}.rectifiers.1": f"{label} CKA" for one, label in SETS.items()},
}


def main() -> None:
    given = making.of_plan(__doc__, "digit-pairs-noise").parse_args()
    study.publish("\n".join(tables(measured(making.run_sweep(given)))), given.page)


def measured(sweep: Sweep) -> pl.DataFrame:
    """One row per run: pair, readout, body, state, and the noise of each curve after the first epochs; None if undefined."""
    noise: dict[str, list[float | None]] = {label: [] for label in CURVES.values()}
    for curves in sweep.curves():
        for name, label in CURVES.items():
            values = np.array([value for epoch, value in sorted(curves.get(name, {}).items()) if epoch > SETTLED])
            noise[label].append(roughness((np.log(values) if name.endswith("loss") else values).tolist()).value)
    rates = [pl.col(f"training.rates.{one}").cast(pl.Float64).alias(one) for one in ("readout", "body")]
    series = [pl.Series(label, values, dtype=pl.Float64) for label, values in noise.items()]
    return sweep.table().select(pl.col("protocol.classes").alias("pair"), *rates, "state", *series)


def tables(runs: pl.DataFrame) -> list[str]:
    """The page: the dependence of noise on rate and ratio, and its median over pairs and seeds in each cell."""
    parts = [
        f"{counted(runs.height, 'run')}, {(runs['state'] == 'diverged').sum()} diverged.\n",
        "## Dependence on rate and ratio\n",
        "The factor by which noise grows if the rate is ten times as large at the same ratio, and if the ratio is ten times as large at "
        "the same rate; 95 % intervals over configurations. Significant: simultaneous intervals for all slopes (Bonferroni) exclude 1. "
        "A constant curve counts as the smallest noise of any other.\n",
        growth(runs),
        "## Size of the noise\n",
    ]
    cells = runs.sort("readout", "body").with_columns(pl.format("readout {}", "readout"), pl.format("body {}", "body"))
    for label in ("validation loss", "validation CKA"):
        sizes = pivot(cells, "readout", "body", lambda of, label=label: f"{of[label].median() or float('nan'):.4f}")
        parts.append(f"### {label[0].upper()}{label[1:]}\n\n{sizes}")
    return parts


def growth(runs: pl.DataFrame) -> str:
    """One row per curve: ten to the power of α and of β, and which of them is significant among all."""
    body: list[list[str]] = []
    rates = runs.select(pl.col("readout", "body").log10()).to_numpy()
    settings = np.column_stack([rates.mean(axis=1), rates[:, 0] - rates[:, 1]])
    blocks, cells = (
        runs.select(pl.struct(of).rank("dense").cast(pl.Int64)).to_series().to_numpy() for of in (["pair"], ["pair", "readout", "body"])
    )
    for label in CURVES.values():
        noise = runs[label].to_numpy()
        still = noise == 0
        logs = np.log10(np.where(still, noise[noise > 0].min(initial=np.inf), noise))
        grows = verdict(*slopes(settings, logs, blocks, cells, level=1 - 0.05 / (2 * len(CURVES))))
        body.append([label, *map(times, slopes(settings, logs, blocks, cells)), grows, str(still.sum()), str(np.isnan(noise).sum())])
    return table(["noise of", "rate × 10", "ratio × 10", "significant", "constant", "undefined"], body)


def times(slope: Estimate) -> str:
    """`3.1 × [2.5, 3.8]`."""
    if slope.value is None or slope.low is None or slope.high is None:
        return slope.how
    return f"{10**slope.value:.2f} × [{10**slope.low:.2f}, {10**slope.high:.2f}]"


def verdict(rate: Estimate, ratio: Estimate) -> str:
    """With which of the two it significantly grows or falls."""
    bounds = [(one.low, one.high, name) for one, name in ((rate, "rate"), (ratio, "ratio")) if one.low is not None and one.high is not None]
    significant = [f"{'with' if low > 0 else 'against'} the {name}" for low, high, name in bounds if low * high > 0]
    return " and ".join(significant) or "with neither"


if __name__ == "__main__":
    study.run(main)
