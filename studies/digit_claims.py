"""What a report of 2022 concluded from single runs on pairs of digits: each claim, the evidence of many runs, and whether it holds."""

from __future__ import annotations

import itertools

import numpy as np
import polars as pl
import torch

from scratchlab.analysis.contrasts import Contrast, contrast, over_seeds
from scratchlab.checks import Problem
from scratchlab.kernels.target import to_target
from scratchlab.report.markdown import number, spread, table

FIGURES = {"accuracy": ("test accuracy", 100.0, 2), "cka": ("CKA", 1.0, 3)}  # what each is called, its scale and places
CLAIM = "(0.2, 0.1) has the highest CKA"


def by_loss(runs: pl.DataFrame) -> dict[str, pl.DataFrame]:
    """The runs under each loss."""
    return {str(loss): of for (loss,), of in runs.group_by("loss", maintain_order=True)}


def claims(runs: pl.DataFrame) -> str:
    """The table of claims; of runs with loss, pair, rates, seed, and the figures accuracy, cka and falling."""
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
