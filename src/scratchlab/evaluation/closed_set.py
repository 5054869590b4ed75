"""Plain classification: accuracy over the queries and over the classes."""

from __future__ import annotations

from typing import TYPE_CHECKING

import polars as pl

from scratchlab.checks import counted
from scratchlab.evaluation.answers import Answers
from scratchlab.metrics.estimate import over_groups
from scratchlab.result import Head, Layout, Metrics, Result, Row
from scratchlab.types import Plan, Samples

if TYPE_CHECKING:
    from scratchlab.evaluation.interface import Progress
    from scratchlab.learn.methods.interface import Method

NOTES = ("Balanced accuracy is the mean of the classes' recalls.",)


def evaluate(plan: Plan, method: Method, samples: Samples, progress: Progress) -> Result:
    """Asks once, and joins the answers with the truth."""
    del progress
    inputs = plan.split.inputs(samples)
    scored = {**method.score(inputs), **method.baselines.score(inputs)}
    found = {head: Answers.join(plan.split, scores, samples) for head, scores in scored.items()}
    counts = {"classes": len(plan.split.classes), "queries": len(plan.split.query)}
    heads = {head: Head(metrics := _metrics(one, plan), (Row({}, counts, metrics, one.chance),)) for head, one in found.items()}
    units = pl.concat([one.units(head, plan, samples) for head, one in found.items()])
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


def _metrics(found: Answers, plan: Plan) -> Metrics:
    right, groups = found.predicted == found.truth, plan.groups[found.rows]
    return {"accuracy": over_groups(right, groups), "balanced_accuracy": over_groups(right, groups, found.truth)}
