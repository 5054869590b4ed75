"""Pairs of digits under four rates of readout and body: what kernels do while a perceptron learns, and which claims about them hold.

    python studies/digit_pairs.py --root mnist.npz -s protocol.valid=0 [--page FILE.md]

A report of 2022 trained a perceptron on the pairs [0 1], [4 6], [2 7] and [8 9] and concluded from single runs. This makes the 96 runs of
recipes/sweeps/digit-pairs.toml that are missing and says of each conclusion whether it holds here. On all of MNIST (--root) its tables
are also held against those of studies/expected/digit-pairs.csv, measured by a program that shares no line with this one: a perceptron
784-100-100-2 with ReLU, batches of 64, plain SGD, 10 epochs, three other seeds; accuracy and debiased CKA of the last hidden layer on the
test images. That program diverged in 7 of 12 runs under squared error at (0.9, 0.09).
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
import numpy.typing as npt
import page
import polars as pl
import torch
from jobs import swept

from scratchlab.analysis.correlate import correlate
from scratchlab.checks import Problem, counted
from scratchlab.kernels.target import to_target
from scratchlab.metrics.estimate import Estimate, over_draws, undefined
from scratchlab.report.correlate.words import spread
from scratchlab.report.words import number
from scratchlab.sweeps.curves import curves
from scratchlab.sweeps.sweep import Sweep

EXPECTED = Path(__file__).parent / "expected" / "digit-pairs.csv"
DIVERGED_THERE = (7, 12)  # runs under squared error at (0.9, 0.09)
LAST = "rectifiers.1"
NEAR = 2.0  # standard deviations between seeds
FIGURES = {"accuracy": ("test accuracy", 100.0, 2), "cka": ("CKA", 1.0, 3)}
Values = npt.NDArray[np.float64]


def main() -> None:
    """Makes what is missing, then the tables."""
    asked = page.of_plan(page.asked(__doc__), "digit-pairs").parse_args()
    sweep = swept(asked)
    runs = told(sweep)
    expected = pl.read_csv(EXPECTED) if asked.root else None
    parts = [reached(runs), *([held(runs, expected)] if expected is not None else []), claims(runs), together(runs)]
    page.leave("\n".join(parts), asked.page)


# -- the table of runs ----------------------------------------------------------------------------------------


def told(sweep: Sweep) -> pl.DataFrame:
    """A row a run: loss, pair, readout, body, seed, state; accuracy and cka of the test images; `falling`: see `still_falling`."""
    table = sweep.table()
    rows = table.select(
        pl.col("loss").str.extract(r"^(\w+)"),
        pl.col("protocol.classes").str.replace_all(r"[\[\],]", "").alias("pair"),
        pl.col("training.rates.readout").cast(pl.Float64).alias("readout"),
        pl.col("training.rates.body").cast(pl.Float64).alias("body"),
        pl.col("seed").cast(pl.Int64),
        pl.col("state"),
        pl.col("test.trained").alias("accuracy"),
        pl.col(f"cka.query.{LAST}").alias("cka"),
    )
    falling = [still_falling(list(curves(order.run).get("train.loss", {}).values())) for order in sweep.orders]
    return rows.with_columns(pl.Series("falling", falling, dtype=pl.Float64))


def still_falling(losses: Sequence[float]) -> float | None:
    """By how much of itself the training loss still falls an epoch, over the last three; None where there are less than four."""
    return None if len(losses) < 4 else 1 - (losses[-1] / losses[-4]) ** (1 / 3)


def rates(runs: pl.DataFrame) -> list[tuple[float, float]]:
    """The rates of readout and body, the smallest first."""
    return sorted(set(runs.select("readout", "body").rows()))


def of(runs: pl.DataFrame, **settings: object) -> pl.DataFrame:
    """The runs with these settings, by seed within each cell, as in the plan."""
    return runs.filter(**settings)


def cell(runs: pl.DataFrame, loss: str, pair: str, at: tuple[float, float]) -> pl.DataFrame:
    """The runs of one cell that did not diverge."""
    return of(runs, loss=loss, pair=pair, readout=at[0], body=at[1]).filter(pl.col("state") == "finished")


def blocks(runs: pl.DataFrame, name: str, loss: str, at: tuple[float, float]) -> Values:
    """`[pairs, seeds]` of one figure; NaN where a run diverged."""
    kept = of(runs, loss=loss, readout=at[0], body=at[1])
    return np.array([of(kept, pair=pair)[name].to_numpy() for pair in pairs(runs)], dtype=np.float64)


def pairs(runs: pl.DataFrame) -> list[str]:
    """In the order of the plan."""
    return runs["pair"].unique(maintain_order=True).to_list()


def losses(runs: pl.DataFrame) -> list[str]:
    """In the order of the plan."""
    return runs["loss"].unique(maintain_order=True).to_list()


# -- what was reached, and what was expected ------------------------------------------------------------------


def reached(runs: pl.DataFrame) -> str:
    """Accuracy and CKA of every cell, as a mean ± the standard deviation between seeds."""
    parts: list[str] = []
    for loss in losses(runs):
        body = [
            [f"({at[0]:g}, {at[1]:g})", *(shown(cell(runs, loss, pair, at), runs["seed"].n_unique()) for pair in pairs(runs))]
            for at in rates(runs)
        ]
        parts.append(f"### {words(loss)}\n\n" + page.table(["(readout, body)", *(f"[{pair}]" for pair in pairs(runs))], body))
    head = (
        "## What was reached\n\nTest accuracy in per cent / debiased CKA of the last hidden layer with the labels, on the test images; "
        "± between seeds.\n"
    )
    return "\n".join([head, *parts])


def shown(runs: pl.DataFrame, seeds: int) -> str:
    """`99.31 ± 0.06 / 0.903 ± 0.002`, and how many diverged."""
    gone = seeds - runs.height
    if not runs.height:
        return f"all {seeds} diverged"
    told = [spread_of(runs[name].drop_nulls(), scale, places) for name, (_, scale, places) in FIGURES.items()]
    return " / ".join(told) + (f" ({gone} of {seeds} diverged)" if gone else "")


def spread_of(values: pl.Series, scale: float, places: int) -> str:
    """`99.31 ± 0.06`; `99.31` of one value."""
    if not len(values):
        return "undefined, because a layer is dead"
    return f"{scale * values.mean():.{places}f}" + ("" if len(values) < 2 else f" ± {scale * values.std():.{places}f}")


def words(loss: str) -> str:
    """As a heading has it."""
    return loss.replace("_", "-" if loss.startswith("cross") else " ").capitalize()


def held(runs: pl.DataFrame, expected: pl.DataFrame) -> str:
    """How far each figure lies from what was expected, in standard deviations between seeds, and those that lie further than two."""
    parts = [
        "## Held against the tables of another program\n",
        "A cell's standard deviation is its own or that of all cells of its loss, whichever is larger, as three seeds tell one badly.\n",
    ]
    for name, (called, scale, places) in FIGURES.items():
        off = {loss: distances(runs, of(expected, loss=loss), name) for loss in losses(runs)}
        far = [
            [*(f"{scale * one:.{places}f}" if isinstance(one, float) else one for one in row[:-1]), f"{row[-1]:+.1f}"]
            for rows in off.values()
            for row in rows
            if abs(row[-1]) > NEAR
        ]
        within = expected.height - len(far)
        parts.append(f"{called[0].upper() + called[1:]}: {within} of {expected.height} cells lie within {NEAR:g} standard deviations.\n")
        parts += [page.table(["where it differs", "there", "here", "standard deviations"], far)] if far else []
    gone = of(runs, loss="squared_error", readout=0.9, body=0.09)["state"].eq("diverged")
    there, asked = DIVERGED_THERE
    parts.append(f"Under squared error at (0.9, 0.09) {gone.sum()} of {len(gone)} runs diverge; there {there} of {asked}.\n")
    return "\n".join(parts)


def distances(runs: pl.DataFrame, expected: pl.DataFrame, name: str) -> list[tuple[str, float, float, float]]:
    """Of each cell that is expected: which, the figure there and here, and how many standard deviations lie between them."""
    rows = list(expected.iter_rows(named=True))
    values = [cell(runs, row["loss"], row["pair"], (row["readout"], row["body"]))[name].drop_nulls().to_numpy() for row in rows]
    if short := [row for row, one in zip(rows, values, strict=True) if len(one) < 2]:
        raise Problem(f"{name} of {short[0]} is not there twice, so it cannot be held against what is expected; take two seeds or more.")
    pooled = float(np.sqrt(np.mean([one.var(ddof=1) for one in values])))
    return [
        (
            f"{words(row['loss'])}, [{row['pair']}], ({row['readout']:g}, {row['body']:g})",
            row[name],
            float(one.mean()),
            float((one.mean() - row[name]) / max(one.std(ddof=1), pooled)),
        )
        for row, one in zip(rows, values, strict=True)
    ]


# -- the claims -----------------------------------------------------------------------------------------------


def claims(runs: pl.DataFrame) -> str:
    """Each conclusion of the report: the evidence, and whether it holds."""
    body = [*highest(runs), *worst(runs), *converging(runs), colliding()]
    return "## What was claimed\n\n" + page.table(["claim", "where", "evidence", "verdict"], body)


def highest(runs: pl.DataFrame) -> list[list[str]]:
    """(0.2, 0.1) has the highest CKA: less that of each other rate, as means over the pairs."""
    found: list[list[str]] = []
    for loss in losses(runs):
        ours = blocks(runs, "cka", loss, (0.2, 0.1))
        others = {f"({at[0]:g}, {at[1]:g})": blocks(runs, "cka", loss, at) for at in rates(runs) if at != (0.2, 0.1)}
        whole = {at: values for at, values in others.items() if np.isfinite(values).all()}
        gone = "".join(f"; {at} has runs without a CKA" for at in others if at not in whole)
        if not np.isfinite(ours).all() or not whole:
            found.append(["(0.2, 0.1) has the highest CKA", words(loss), f"undefined, because a rate has runs without a CKA{gone}", "–"])
            continue
        tops = int(sum(ours[i].mean() > max(values[i].mean() for values in whole.values()) for i in range(len(ours))))
        gaps = {at: gap(ours - values, len(whole)) for at, values in whole.items()}
        evidence = f"highest at {tops} of {len(ours)} pairs; CKA {number(ours.mean())}, less {told_gaps(gaps)}{gone}"
        holds = "holds" if tops == len(ours) else "holds on average"
        found.append(["(0.2, 0.1) has the highest CKA", words(loss), evidence, verdict(gaps, holds)])
    return found


def worst(runs: pl.DataFrame) -> list[list[str]]:
    """[2 7] is the worst pair: what each other pair has more of accuracy and CKA, as means over the rates."""
    found: list[list[str]] = []
    for loss in losses(runs):
        for name, (called, scale, places) in FIGURES.items():
            told = {at: blocks(runs, name, loss, at) for at in rates(runs)}
            whole = {at: values for at, values in told.items() if np.isfinite(values).all()}
            claim = f"[2 7] is worst, by {called}"
            if not whole:
                found.append([claim, words(loss), "undefined, because every rate has runs without it", "–"])
                continue
            mine, values = pairs(runs).index("2 7"), np.array(list(whole.values()))
            lowest = [f"({at[0]:g}, {at[1]:g})" for at, one in whole.items() if np.argmin(one.mean(axis=1)) == mine]
            gaps = {
                f"[{pair}]": gap(values[:, i] - values[:, mine], len(pairs(runs)) - 1) for i, pair in enumerate(pairs(runs)) if i != mine
            }
            evidence = f"lowest at {', '.join(lowest) or 'no rate'}; more have {told_gaps(gaps, scale, places)}"
            holds = "holds" if len(lowest) == len(whole) else f"holds on average, and at {len(lowest)} of {len(whole)} rates"
            found.append([claim, words(loss), evidence, verdict(gaps, holds)])
    return found


def converging(runs: pl.DataFrame) -> list[list[str]]:
    """The smallest rate does not converge: what it reaches, and by how much its loss still falls."""
    found: list[list[str]] = []
    small, *others = rates(runs)
    for loss in losses(runs):
        falling, accuracy = (gap(blocks(runs, name, loss, small)) for name in ("falling", "accuracy"))
        rest = [f"({at[0]:g}, {at[1]:g}) {100 * np.nanmean(blocks(runs, 'falling', loss, at)):.0f} %" for at in others]
        evidence = f"accuracy {difference(accuracy, 100, 2, '')} %; its loss still falls {difference(falling, 100, 1, '')} % an epoch; "
        learned = accuracy.low is not None and accuracy.low > 0.9
        say = verdict({"": falling}, "overstated: it learns, and has not ended" if learned else "holds")
        found.append(["the smallest rate does not converge", words(loss), evidence + ", ".join(rest), say])
    return found


def gap(values: Values, comparisons: int = 1) -> Estimate:
    """The mean of `[blocks, seeds]` and its interval over seeds, each of which has the same beginning and order in all blocks; the more
    comparisons are made, the wider (Bonferroni)."""
    if not np.isfinite(values).all():
        return undefined("some runs came to nothing")
    return over_draws(values.mean(axis=0).tolist(), "seed", (-math.inf, math.inf), level=1 - 0.05 / comparisons)


def told_gaps(gaps: Mapping[str, Estimate], scale: float = 1.0, places: int = 3) -> str:
    """`(0.1, 0.01) +0.012 [+0.009, +0.015]`, the smallest first."""
    ordered = sorted(gaps, key=lambda at: gaps[at].value if gaps[at].value is not None else math.inf)  # type: ignore[arg-type, return-value]
    return ", ".join(f"{at} {difference(gaps[at], scale, places)}" for at in ordered)


def colliding() -> list[str]:
    """Labels made by `% 2`, which are the same for 4 and 6: what is said of them here."""
    labels = np.array([4, 6] * 50) % 2
    try:
        to_target({LAST: torch.zeros(len(labels), 1)}, labels)
    except Problem as problem:
        return ["[4 6] reaches 100 % (with labels made by `% 2`)", "both", f"refused: “{problem}”", "an error of labels"]
    raise AssertionError("labels that are all the same were taken")


def difference(one: Estimate, scale: float = 1.0, places: int = 3, sign: str = "+") -> str:
    """`+0.012 [+0.009, +0.015]`, or why there is none."""
    if one.value is None or one.low is None or one.high is None:
        return one.how
    value, low, high = (f"{scale * number:{sign}.{places}f}".replace("-", "−") for number in (one.value, one.low, one.high))
    return f"{value} [{low}, {high}]"


def verdict(gaps: Mapping[str, Estimate], holds: str) -> str:
    """It holds where every gap is above 0, and does not where one is below, for sure."""
    known = [(one.low, one.high) for one in gaps.values() if one.low is not None and one.high is not None]
    if len(known) < len(gaps):
        return next(one.how for one in gaps.values() if one.low is None)
    if any(high < 0 for _, high in known):
        return "does not hold"
    return holds if all(low > 0 for low, _ in known) else "not sure: an interval spans 0"


# -- accuracy with CKA ----------------------------------------------------------------------------------------


def together(runs: pl.DataFrame) -> str:
    """Whether runs of larger CKA are more accurate: over configurations, as if runs were independent, and between seeds."""
    seeds = sorted(runs["seed"].unique())
    parts = {words(loss): of(runs, loss=loss) for loss in losses(runs)}
    parts |= {f"Both, {counted(count, 'seed')}": runs.filter(pl.col("seed").is_in(seeds[:count])) for count in range(1, len(seeds) + 1)}
    head = [
        "",
        "runs",
        "r of accuracy and CKA",
        "over configurations",
        "as if runs were independent",
        "times as wide",
        "within pairs",
        "between seeds",
    ]
    return "## Accuracy with CKA\n\n" + page.table(head, [correlated(called, chosen) for called, chosen in parts.items()])


def correlated(called: str, runs: pl.DataFrame) -> list[str]:
    """One row of that table."""
    found = correlate(runs, ["cka"], ["accuracy"], ["loss", "pair", "readout", "body"], ["pair"]).cells[0].found
    r, within, seeds = (one.how if one.value is None else number(one.value) for one in (found.r, found.within, found.seeds))
    count = f"{found.runs}, {found.left_out} left out"
    return [called, count, r, spread(found.r), spread(found.naive), wider(found.r, found.naive), within, seeds]


def wider(one: Estimate, other: Estimate) -> str:
    """How many times as wide one interval is as another."""
    if one.low is None or one.high is None or other.low is None or other.high is None:
        return "–"
    return f"{(one.high - one.low) / (other.high - other.low):.1f}"


if __name__ == "__main__":
    page.spoken(main)
