"""Claims that a report of 2022 made from single runs on pairs of digits, each with the evidence of many runs and a verdict."""

from __future__ import annotations

import itertools

import numpy as np
import polars as pl
import torch

from scratchlab.analysis.contrasts import Contrast, contrast, over_seeds
from scratchlab.checks import Problem
from scratchlab.kernels.target import to_target
from scratchlab.report.markdown import number, spread, table

FIGURES = {"accuracy": ("test accuracy", 100.0, 2), "cka": ("CKA", 1.0, 3)}  # label, scale and number of decimals
CLAIM = "(0.2, 0.1) has the highest CKA"


def by_loss(runs: pl.DataFrame) -> dict[str, pl.DataFrame]:
    """The runs with each loss."""
    return {str(loss): of for (loss,), of in runs.group_by("loss", maintain_order=True)}


def claims(runs: pl.DataFrame) -> str:
    """The table of claims, from runs with the columns loss, pair, rates, seed, accuracy, cka and falling."""
    losses = by_loss(runs)
    body = [[CLAIM, loss, *evidence("cka", contrast(of, "cka", "rates", "(0.2, 0.1)", "pair", "rates"))] for loss, of in losses.items()]
    for (loss, of), (name, (label, _, _)) in itertools.product(losses.items(), FIGURES.items()):
        worst = contrast(of, name, "pair", "[2 7]", "rates", "rates", sign=-1)
        body.append([f"[2 7] is worst, by {label}", loss, *evidence(name, worst, "lowest", "less")])
    body += [["the smallest rate does not converge", loss, *converging(of)] for loss, of in losses.items()]
    return "## Claims\n\n" + table(["claim", "where", "evidence", "verdict"], [*body, colliding()])


def evidence(name: str, comparison: Contrast, most: str = "highest", more: str = "more") -> list[str]:
    """Where one value of a setting is best, by how much, and whether the claim that it is best holds."""
    label, scale, places = FIGURES[name]
    gaps = sorted(comparison.gaps.items(), key=lambda gap: gap[1].value or 0)
    ahead = ", ".join(f"{other} {number(gap, scale, places, '+')}" for other, gap in gaps)
    incomplete = "".join(f"; {level} has runs without {label}" for level in comparison.left_out)
    return [f"{most} at {', '.join(comparison.first) or 'none'}; {more} than {ahead or 'nothing'}{incomplete}", comparison.verdict]


def converging(runs: pl.DataFrame) -> list[str]:
    """The accuracy at the smallest rate, the decrease of its loss per epoch, and whether the claim that it does not converge holds."""
    (_, smallest), *others = runs.group_by("rates", maintain_order=True)
    falling, accuracy = (over_seeds(smallest, name) for name in ("falling", "accuracy"))
    rest = ", ".join(f"{rates} {spread(of['falling'], 100, 0).partition(' ')[0]} %" for (rates,), of in others)
    text = f"accuracy {number(accuracy, 100, 2)} %; its loss still decreases by {number(falling, 100, 1)} % per epoch; {rest}"
    if falling.low is None or falling.low <= 0:
        return [text, falling.how if falling.low is None else "undecided: an interval contains 0"]
    learned = accuracy.low is not None and accuracy.low > 0.9
    return [text, "overstated: it learns, but has not converged yet" if learned else "holds"]


def colliding() -> list[str]:
    """The claim from labels computed by `% 2`, which are equal for 4 and 6, and the error that they raise here."""
    try:
        to_target({"": torch.zeros(100, 1)}, np.array([4, 6] * 50) % 2)
    except Problem as problem:
        return ["[4 6] reaches 100 % (with labels made by `% 2`)", "both", f"rejected: “{problem}”", "wrong labels"]
    raise AssertionError("labels that are all equal were accepted")
