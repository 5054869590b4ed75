"""Does the noise of training curves grow with the rate, or with the ratio of readout to body?

    python studies/digit_noise.py [--root mnist.npz] [--page FILE.md]

A report of 2022 saw curves of some pairs of rates jump more than others and left the question open: its pairs tied the ratio to the rate.
recipes/sweeps/digit-pairs-noise.toml crosses four rates of the readout with four of the body. Of each run and curve, noise is the
standard deviation of its jumps from epoch to epoch about a smooth course (`scratchlab.metrics.curves.roughness`, of losses in logarithms),
without the first epochs, where curves fall steeply. Its logarithm is fitted by the logarithms of rate and ratio together, with a level for
each pair of digits:

    log noise = level + α log sqrt(readout · body) + β log(readout / body).
"""

from __future__ import annotations

import numpy as np
import page
import polars as pl
from jobs import swept

from scratchlab.checks import counted
from scratchlab.metrics.curves import roughness
from scratchlab.metrics.estimate import Estimate
from scratchlab.metrics.regression import slopes
from scratchlab.sweeps.curves import Curve
from scratchlab.sweeps.sweep import Sweep

SETTLED = 4  # epochs that are left out
CURVES = {
    "train.loss": "training loss",
    "train.accuracy": "training accuracy",
    "valid.loss": "validation loss",
    "valid.accuracy": "validation accuracy",
    "cka.train.rectifiers.1": "training CKA",
    "cka.valid.rectifiers.1": "validation CKA",
}


def main() -> None:
    """Makes what is missing, then the tables."""
    asked = page.of_plan(page.asked(__doc__), "digit-pairs-noise").parse_args()
    page.leave("\n".join(tables(told(swept(asked)))), asked.page)


def told(sweep: Sweep) -> pl.DataFrame:
    """A row a run: pair, readout, body, state, and the noise of each curve, None where it is undefined."""
    table = sweep.table()
    curves = sweep.curves()
    noise = {called: [noise_of(one.get(name, {}), log=name.endswith("loss")) for one in curves] for name, called in CURVES.items()}
    return table.select(
        pl.col("protocol.classes").alias("pair"),
        pl.col("training.rates.readout").cast(pl.Float64).alias("readout"),
        pl.col("training.rates.body").cast(pl.Float64).alias("body"),
        "state",
        **{called: pl.Series(values, dtype=pl.Float64) for called, values in noise.items()},
    )


def noise_of(curve: Curve, *, log: bool) -> float | None:
    """Of one curve once it has settled."""
    values = np.array([value for epoch, value in sorted(curve.items()) if epoch > SETTLED])
    return roughness(np.log(values) if log else values).value


def tables(runs: pl.DataFrame) -> list[str]:
    """What the noise grows with, and how large it is in each cell."""
    diverged = int((runs["state"] == "diverged").sum())
    return [
        f"{counted(runs.height, 'run')}, {diverged} diverged.\n",
        "## What noise grows with\n",
        "How many times as large it is where the rate is ten times as large at the same ratio, and where the ratio is ten times as large "
        "at the same rate; 95 % intervals over configurations. For sure: where intervals for all slopes together (Bonferroni) exclude 1. "
        "A curve at rest counts as the least noise that another had.\n",
        growth(runs),
        "## How large it is\n",
        *(f"### {called[0].upper()}{called[1:]}\n\n{sizes(runs, called)}" for called in ("validation loss", "validation CKA")),
    ]


def growth(runs: pl.DataFrame) -> str:
    """A row a curve: ten to the power of α and of β, and which it is, judged with all others together."""
    body: list[list[str]] = []
    for called in CURVES.values():
        noise = runs[called].to_numpy()
        still = noise == 0
        noise = np.where(still, noise[noise > 0].min(initial=np.inf), noise)
        readout, rate = (np.log10(runs[name].to_numpy()) for name in ("readout", "body"))
        block, cluster = (
            runs.select(pl.struct(names).rank("dense")).to_series().to_numpy().astype(np.int64)
            for names in (["pair"], ["pair", "readout", "body"])
        )
        of = (np.column_stack([(readout + rate) / 2, readout - rate]), np.log10(noise), block, cluster)
        told = verdict(*slopes(*of, level=1 - 0.05 / (2 * len(CURVES))))
        body.append([called, *map(times, slopes(*of)), told, str(int(still.sum())), str(int(np.isnan(noise).sum()))])
    return page.table(["noise of", "rate × 10", "ratio × 10", "grows, for sure", "at rest", "undefined"], body)


def times(slope: Estimate) -> str:
    """`3.1 × [2.5, 3.8]`."""
    if slope.value is None or slope.low is None or slope.high is None:
        return slope.how
    return f"{10**slope.value:.2f} × [{10**slope.low:.2f}, {10**slope.high:.2f}]"


def verdict(rate: Estimate, ratio: Estimate) -> str:
    """With which of both it is sure to grow or to fall."""
    said = [
        f"{'with' if one.low > 0 else 'against'} the {name}"
        for name, one in (("rate", rate), ("ratio", ratio))
        if one.low is not None and one.high is not None and one.low * one.high > 0
    ]
    return " and ".join(said) or "with neither"


def sizes(runs: pl.DataFrame, called: str) -> str:
    """Medians over pairs and seeds: a row a rate of the readout, a column a rate of the body."""
    columns = sorted(runs["body"].unique())
    body = [
        [f"readout {readout:g}", *(f"{runs.filter(readout=readout, body=one)[called].median() or float('nan'):.4f}" for one in columns)]
        for readout in sorted(runs["readout"].unique())
    ]
    return page.table(["", *(f"body {one:g}" for one in columns)], body)


if __name__ == "__main__":
    page.spoken(main)
