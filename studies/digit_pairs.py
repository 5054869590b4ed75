"""Pairs of digits under four rates of readout and body: what kernels do while a perceptron learns, and which claims about them hold.

    python studies/digit_pairs.py --root mnist.npz -s protocol.valid=0 [--page FILE.md]      (five to ten minutes; without --root, two)

A report of 2022 trained a perceptron on the pairs [0 1], [4 6], [2 7] and [8 9] and concluded from single runs. This makes the 96 runs of
recipes/sweeps/digit-pairs.toml that are missing and says of each conclusion whether it holds here. On all of MNIST (--root) its tables
are also held against those of studies/expected/digit-pairs.csv, measured by a program that shares no line with this one: a perceptron
784-100-100-2 with ReLU, batches of 64, plain SGD, 10 epochs, three other seeds; accuracy and debiased CKA of the last hidden layer on the
test images. That program diverged in 7 of 12 runs under squared error at (0.9, 0.09).
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
    runs = renamed(making.swept(given))
    parts = [*reached(runs), *(held(runs, pl.read_csv(EXPECTED)) if given.root else []), claims(runs), together(runs)]
    study.publish("\n".join(parts), given.page)


def renamed(sweep: Sweep) -> pl.DataFrame:
    """A row a run, the smallest rates first: loss, pair, rates, seed, state; accuracy and CKA of the test images; `falling`: the share by
    which an epoch lowers the training loss, over the last three."""
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


def reached(runs: pl.DataFrame) -> list[str]:
    """Accuracy and CKA of every cell, as a mean ± the standard deviation between seeds."""

    def cell(of: pl.DataFrame) -> str:
        finished = of.filter(state="finished")
        if not (left := finished.height):
            return f"all {of.height} diverged"
        figures = " / ".join(spread(finished[name], scale, places) for name, (_, scale, places) in FIGURES.items())
        return figures + (f" ({of.height - left} of {of.height} diverged)" if left < of.height else "")

    head = "Test accuracy in per cent / debiased CKA of the last hidden layer with the labels, on the test images; ± between seeds.\n"
    parts = {loss: pivot(of, "rates", "pair", cell, "(readout, body)") for loss, of in by_loss(runs).items()}
    return ["## What was reached\n", head, *(f"### {loss}\n\n{part}" for loss, part in parts.items())]


def held(runs: pl.DataFrame, expected: pl.DataFrame) -> list[str]:
    """How far each figure lies from what was expected, in standard deviations between seeds, and those that lie further than two."""
    parts = [
        "## Held against the tables of another program\n",
        "A cell's standard deviation is its own or that of all cells of its loss, whichever is larger, as three seeds are few.\n",
    ]
    for name, (called, scale, places) in FIGURES.items():
        cells = beside_published(runs.filter(state="finished"), expected, CELL, name, "loss")
        far = cells.filter(pl.col("off").abs() > NEAR).select(*CELL, pl.col("there", "here") * scale, "off").rows()
        share = f"{cells.height - len(far)} of {cells.height} cells lie within {NEAR:g} standard deviations"
        parts.append(f"{called[0].upper()}{called[1:]}: {share}.\n")
        rows = [[", ".join(row[:3]), *(f"{one:.{places}f}" for one in row[3:5]), f"{row[5]:+.1f}"] for row in far]
        parts += [table(["where it differs", "there", "here", "standard deviations"], rows)] if rows else []
    gone = runs.filter(loss="Squared error", rates="(0.9, 0.09)")["state"] == "diverged"
    return [*parts, f"Under squared error at (0.9, 0.09) {gone.sum()} of {len(gone)} runs diverge; there 7 of 12.\n"]


def together(runs: pl.DataFrame) -> str:
    """Whether runs of larger CKA are more accurate: over configurations, as if runs were independent, and between seeds."""
    seeds = runs["seed"].unique().sort().to_list()
    several = {f"Both, {counted(i, 'seed')}": runs.filter(pl.col("seed").is_in(seeds[:i])) for i in range(1, len(seeds) + 1)}
    rows = {called: correlate(of, ["cka"], ["accuracy"], CELL, ["pair"]).cells[0] for called, of in (by_loss(runs) | several).items()}
    header = ["", "runs", "r of accuracy and CKA", *(kind.replace("groups", "pairs") for kind in KINDS)]
    return "## Accuracy with CKA\n\n" + table(header, [[called, *row(cell)] for called, cell in rows.items()])


if __name__ == "__main__":
    study.run(main)
