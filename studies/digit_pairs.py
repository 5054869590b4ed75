"""Pairs of digits with four learning rates of readout and body: accuracy and CKA of a perceptron, and which claims about them hold.

    python studies/digit_pairs.py --root mnist.npz -s protocol.valid=0 [--page FILE.md]      (five to ten minutes; without --root, two)

A report of 2022 trained a perceptron on the pairs [0 1], [4 6], [2 7] and [8 9] and drew its conclusions from single runs. This study
executes the missing ones of the 96 runs of recipes/sweeps/digit-pairs.toml and tests each conclusion. On all of MNIST (--root) its tables
are also compared with those of studies/expected/digit-pairs.csv, measured by an independent program: a perceptron 784-100-100-2 with ReLU,
batches of 64, plain SGD, 10 epochs, three other seeds; accuracy and debiased CKA of the last hidden layer on the test images. That program
diverged in 7 of 12 runs with squared error at (0.9, 0.09).
"""

from __future__ import annotations

from pathlib import Path

import polars as pl
from digit_claims import FIGURES, by_loss, claims

from scratchlab.analysis.contrasts import beside_published
from scratchlab.analysis.correlate import correlate
from scratchlab.checks import counted
from scratchlab.report import study
from scratchlab.report.correlate.markdown import KINDS, row
from scratchlab.report.markdown import pivot, spread, table
from scratchlab.sweeps import making
from scratchlab.sweeps.sweep import Sweep

EXPECTED = Path(__file__).parent / "expected" / "digit-pairs.csv"
CELL = ["loss", "pair", "rates"]
NEAR = 2.0  # standard deviations between seeds
LOSSES = {"cross_entropy": "Cross-entropy", "squared_error": "Squared error"}


def main() -> None:
    given = making.of_plan(__doc__, "digit-pairs").parse_args()
    runs = renamed(making.run_sweep(given))
    parts = [
        *results_of_cells(runs),
        *(compared_with_published(runs, pl.read_csv(EXPECTED)) if given.root else []),
        claims(runs),
        accuracy_with_cka(runs),
    ]
    study.publish("\n".join(parts), given.page)


def renamed(sweep: Sweep) -> pl.DataFrame:
    """One row per run, smallest rates first: loss, pair, rates, seed, state; accuracy and CKA on the test images; `falling`: the relative
    decrease of the training loss per epoch, over the last three epochs."""
    losses = [list(curves.get("train.loss", {}).values()) for curves in sweep.curves()]
    falling = [1 - (one[-1] / one[-4]) ** (1 / 3) if len(one) > 3 else None for one in losses]
    rates = [pl.col(f"training.rates.{part}").cast(pl.Float64) for part in ("readout", "body")]
    runs = sweep.table().with_columns(pl.Series("falling", falling, dtype=pl.Float64)).sort(*rates, maintain_order=True)
    return runs.select(
        pl.col("loss").str.extract(r"^(\w+)").replace(LOSSES),
        pl.col("protocol.classes").str.replace_all(",", "").alias("pair"),
        pl.format("({}, {})", *rates).alias("rates"),
        *("seed", "state", "falling"),
        accuracy="test.trained",
        cka="cka.query.rectifiers.1",
    )


def results_of_cells(runs: pl.DataFrame) -> list[str]:
    """Accuracy and CKA of every cell, as mean ± standard deviation between seeds."""

    def cell(of: pl.DataFrame) -> str:
        finished = of.filter(state="finished")
        if not (n := finished.height):
            return f"all {of.height} diverged"
        figures = " / ".join(spread(finished[name], scale, places) for name, (_, scale, places) in FIGURES.items())
        return figures + (f" ({of.height - n} of {of.height} diverged)" if n < of.height else "")

    head = "Test accuracy in per cent / debiased CKA of the last hidden layer with the labels, on the test images; ± between seeds.\n"
    parts = {loss: pivot(of, "rates", "pair", cell, "(readout, body)") for loss, of in by_loss(runs).items()}
    return ["## Results\n", head, *(f"### {loss}\n\n{part}" for loss, part in parts.items())]


def compared_with_published(runs: pl.DataFrame, expected: pl.DataFrame) -> list[str]:
    """The deviations from the expected values, in standard deviations between seeds, and the values that deviate by more than two."""
    parts = [
        "## Comparison with the tables of another program\n",
        "The standard deviation is that of the cell or that pooled over all cells of its loss, whichever is larger, because three seeds "
        "are few.\n",
    ]
    for name, (label, scale, places) in FIGURES.items():
        cells = beside_published(runs.filter(state="finished"), expected, CELL, name, "loss")
        far = cells.filter(pl.col("off").abs() > NEAR).select(*CELL, pl.col("there", "here") * scale, "off").rows()
        summary = f"{cells.height - len(far)} of {cells.height} cells are within {NEAR:g} standard deviations"
        parts.append(f"{label[0].upper()}{label[1:]}: {summary}.\n")
        rows = [[", ".join(row[:3]), *(f"{value:.{places}f}" for value in row[3:5]), f"{row[5]:+.1f}"] for row in far]
        parts += [table(["cell", "there", "here", "standard deviations"], rows)] if rows else []
    diverged = runs.filter(loss="Squared error", rates="(0.9, 0.09)")["state"] == "diverged"
    return [*parts, f"With squared error at (0.9, 0.09), {diverged.sum()} of {len(diverged)} runs diverge here, and 7 of 12 there.\n"]


def accuracy_with_cka(runs: pl.DataFrame) -> str:
    """The correlation of accuracy and CKA: over configurations, as if runs were independent, and between seeds."""
    seeds = runs["seed"].unique().sort().to_list()
    several = {f"Both, {counted(i, 'seed')}": runs.filter(pl.col("seed").is_in(seeds[:i])) for i in range(1, len(seeds) + 1)}
    rows = {label: correlate(of, ["cka"], ["accuracy"], CELL, ["pair"]).cells[0] for label, of in (by_loss(runs) | several).items()}
    header = ["", "runs", "r of accuracy and CKA", *(kind.replace("groups", "pairs") for kind in KINDS)]
    return "## Correlation of accuracy and CKA\n\n" + table(header, [[label, *row(cell)] for label, cell in rows.items()])


if __name__ == "__main__":
    study.run(main)
