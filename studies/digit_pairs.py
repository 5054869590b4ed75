"""Pairs of digits under four rates of readout and body: what kernels do while a perceptron learns, and which claims about them hold.

    python studies/digit_pairs.py --root mnist.npz -s protocol.valid=0 [--page FILE.md]      (five to ten minutes; without --root, two)

A report of 2022 trained a perceptron on the pairs [0 1], [4 6], [2 7] and [8 9] and concluded from single runs. This makes the 96 runs of
recipes/sweeps/digit-pairs.toml that are missing and says of each conclusion whether it holds here. On all of MNIST (--root) its tables
are also held against those of studies/expected/digit-pairs.csv, measured by a program that shares no line with this one: a perceptron
784-100-100-2 with ReLU, batches of 64, plain SGD, 10 epochs, three other seeds; accuracy and debiased CKA of the last hidden layer on the
test images. That program diverged in 7 of 12 runs under squared error at (0.9, 0.09).
"""

from __future__ import annotations

import itertools
from pathlib import Path

import numpy as np
import polars as pl
import torch

from scratchlab.analysis.contrasts import Contrast, beside_published, contrast, over_seeds
from scratchlab.analysis.correlate import correlate
from scratchlab.checks import Problem, counted
from scratchlab.kernels.target import to_target
from scratchlab.report import study
from scratchlab.report.correlate.markdown import KINDS, row
from scratchlab.report.markdown import number, pivot, spread, table
from scratchlab.sweeps import making
from scratchlab.sweeps.sweep import Sweep

EXPECTED = Path(__file__).parent / "expected" / "digit-pairs.csv"
CELL = ["loss", "pair", "rates"]
NEAR = 2.0  # standard deviations between seeds
FIGURES = {"accuracy": ("test accuracy", 100.0, 2), "cka": ("CKA", 1.0, 3)}  # what each is called, its scale and places
CLAIM = "(0.2, 0.1) has the highest CKA"
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


def by_loss(runs: pl.DataFrame) -> dict[str, pl.DataFrame]:
    return {str(loss): of for (loss,), of in runs.group_by("loss", maintain_order=True)}


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
        "A cell's standard deviation is its own or that of all cells of its loss, whichever is larger, as three seeds tell one badly.\n",
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


def claims(runs: pl.DataFrame) -> str:
    """Each conclusion of the report: the evidence, and whether it holds."""
    losses = by_loss(runs)
    body = [[CLAIM, loss, *evidence("cka", contrast(of, "cka", "rates", "(0.2, 0.1)", "pair", "rates"))] for loss, of in losses.items()]
    for (loss, of), (name, (called, _, _)) in itertools.product(losses.items(), FIGURES.items()):
        worst = contrast(of, name, "pair", "[2 7]", "rates", "rates", sign=-1)
        body.append([f"[2 7] is worst, by {called}", loss, *evidence(name, worst, "lowest", "less")])
    body += [["the smallest rate does not converge", loss, *converging(of)] for loss, of in losses.items()]
    return "## What was claimed\n\n" + table(["claim", "where", "evidence", "verdict"], [*body, colliding()])


def evidence(name: str, beside: Contrast, most: str = "highest", more: str = "more") -> list[str]:
    """Where one value of a setting leads, by how much, and whether the claim that it does holds."""
    called, scale, places = FIGURES[name]
    gaps = sorted(beside.gaps.items(), key=lambda gap: gap[1].value or 0)
    ahead = ", ".join(f"{other} {number(gap, scale, places, '+')}" for other, gap in gaps)
    gone = "".join(f"; {one} has runs without {called}" for one in beside.left_out)
    return [f"{most} at {', '.join(beside.first) or 'none'}; {more} than {ahead or 'nothing'}{gone}", beside.verdict]


def converging(runs: pl.DataFrame) -> list[str]:
    """What the smallest rate reaches, and by how much its loss still falls; whether it does not converge."""
    (_, smallest), *others = runs.group_by("rates", maintain_order=True)
    falling, accuracy = (over_seeds(smallest, name) for name in ("falling", "accuracy"))
    rest = ", ".join(f"{rates} {spread(of['falling'], 100, 0).partition(' ')[0]} %" for (rates,), of in others)
    text = f"accuracy {number(accuracy, 100, 2)} %; its loss still falls {number(falling, 100, 1)} % an epoch; {rest}"
    if falling.low is None or falling.low <= 0:
        return [text, falling.how if falling.low is None else "not sure: an interval spans 0"]
    learned = accuracy.low is not None and accuracy.low > 0.9
    return [text, "overstated: it learns, and has not ended" if learned else "holds"]


def colliding() -> list[str]:
    """Labels made by `% 2`, which are the same for 4 and 6: what is said of them here."""
    try:
        to_target({"": torch.zeros(100, 1)}, np.array([4, 6] * 50) % 2)
    except Problem as problem:
        return ["[4 6] reaches 100 % (with labels made by `% 2`)", "both", f"refused: “{problem}”", "an error of labels"]
    raise AssertionError("labels that are all the same were taken")


def together(runs: pl.DataFrame) -> str:
    """Whether runs of larger CKA are more accurate: over configurations, as if runs were independent, and between seeds."""
    seeds = runs["seed"].unique().sort().to_list()
    several = {f"Both, {counted(i, 'seed')}": runs.filter(pl.col("seed").is_in(seeds[:i])) for i in range(1, len(seeds) + 1)}
    rows = {called: correlate(of, ["cka"], ["accuracy"], CELL, ["pair"]).cells[0] for called, of in (by_loss(runs) | several).items()}
    header = ["", "runs", "r of accuracy and CKA", *(kind.replace("groups", "pairs") for kind in KINDS)]
    return "## Accuracy with CKA\n\n" + table(header, [[called, *row(cell)] for called, cell in rows.items()])


if __name__ == "__main__":
    study.run(main)
