"""Standard closed-set classification: accuracy and balanced accuracy."""

from __future__ import annotations

from typing import TYPE_CHECKING

import polars as pl

from scratchlab.checks import counted
from scratchlab.evaluation.predictions import Predictions
from scratchlab.metrics.estimate import over_groups
from scratchlab.result import Head, Layout, Metrics, Result, Row
from scratchlab.types import Plan, Samples

if TYPE_CHECKING:
    from scratchlab.evaluation.interface import Progress
    from scratchlab.learn.methods.interface import Method

NOTES = ("Balanced accuracy is the mean of the classes' recalls.",)


def evaluate(plan: Plan, method: Method, samples: Samples, progress: Progress) -> Result:
    """Score the queries once, and compare the predictions with the true labels."""
    del progress
    inputs = plan.split.inputs(samples)
    scored = {**method.score(inputs), **method.baselines.score(inputs)}
    by_head = {head: Predictions.join(plan.split, scores, samples) for head, scores in scored.items()}
    counts = {"classes": len(plan.split.classes), "queries": len(plan.split.query)}
    heads = {
        head: Head(metrics := _metrics(predictions, plan), (Row({}, counts, metrics, predictions.chance),))
        for head, predictions in by_head.items()
    }
    units = pl.concat([predictions.units(head, plan, samples) for head, predictions in by_head.items()])
    leading, first = next(iter(heads.items()))
    return Result(
        "closed_set",
        f"{leading} head: {first.headline} of {counted(counts['queries'], 'query')} of {counted(counts['classes'], 'class')}",
        heads,
        Layout("query", "accuracy", block=plan.block),
        {samples.classes[label]: "" for label in plan.split.classes},
        NOTES,
        scan=units.lazy,
    )


def _metrics(predictions: Predictions, plan: Plan) -> Metrics:
    correct, groups = predictions.predicted == predictions.truth, plan.groups[predictions.rows]
    return {"accuracy": over_groups(correct, groups), "balanced_accuracy": over_groups(correct, groups, predictions.truth)}
