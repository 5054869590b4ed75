"""Where each number of the page came from, and the few lines that compute the headline again."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Origin:
    """A number, what it was computed from, and by which definition."""

    number: str
    source: str
    definition: str


RIGHT = "share of rows with predicted = truth"


def origins(summary: dict[str, Any]) -> list[Origin]:
    """Of the numbers that stand for the run: those of the summary's leading head."""
    head, last = summary["head"], summary["heads"][summary["head"]]["sessions"][-1]["session"]
    rows = f'predictions.parquet, rows head = "{head}", session'
    later = [
        Origin(
            f"Accuracy after session {last}",
            f"{rows} = {last}; columns truth, predicted, draw",
            f"{RIGHT} of each draw, choosing among all classes known (metrics/sessions.py, session_metrics); "
            "mean and interval over the draws (metrics/estimate.py, over_draws)",
        ),
        Origin(
            "Average", f"{rows} = 0 to {last}", "mean over the sessions of each draw (metrics/sessions.py, average_accuracy); over_draws"
        ),
        Origin(
            "Drop", f"{rows} = 0 and {last}", "session 0 less the last, for each draw (metrics/sessions.py, performance_drop); over_draws"
        ),
    ]
    return [
        Origin(
            "Accuracy on the base" if last else "Accuracy",
            f"{rows} = 0; columns truth, predicted, group",
            f"{RIGHT} (metrics/accuracy.py, accuracy); interval: metrics/estimate.py, over_groups",
        ),
        *(later if last else []),
        Origin(
            "Recall, confusions",
            f"predictions.parquet, rows session = {last}; columns head, truth, predicted",
            "counts over all draws together, as shares of the true class",
        ),
        *(_resemblance() if summary.get("nearest") else []),
        Origin(
            "Kept epoch",
            "metrics.jsonl; kept, valid_accuracy, valid_loss",
            "the last epoch marked as kept; by training.select: smallest validation loss, or largest accuracy and then smallest loss",
        ),
        Origin("Speed", "metrics.jsonl; inputs, cpu_seconds", "sum of inputs over sum of CPU-seconds, without validation and scoring"),
    ]


def _resemblance() -> list[Origin]:
    return [
        Origin(
            "Resemblance",
            "summary.json, nearest",
            "each draw's mean similarity of a new class's references with each base class's prototype (learn/incremental.py, resemblance); "
            "the largest of each draw counted, the similarity averaged over all draws",
        )
    ]


def snippet(summary: dict[str, Any]) -> str:
    """Python that computes the headline from predictions.parquet, to be run inside the run's folder."""
    head, last = summary["head"], summary["heads"][summary["head"]]["sessions"][-1]["session"]
    lines = [
        "import polars as pl",
        f"from scratchlab.metrics.estimate import {'over_draws, over_groups' if last else 'over_groups'}",
        "",
        f'answers = pl.scan_parquet("predictions.parquet").filter(pl.col("head") == {json.dumps(head, ensure_ascii=False)})',
        'answers = answers.select("session", "draw", "group", right=pl.col("truth") == pl.col("predicted")).collect()',
        "",
        'base = answers.filter(pl.col("session") == 0)',
        'base = over_groups(base["right"].to_numpy(), base["group"].to_numpy())',
        'print("base:", base)',
    ]
    if last:
        lines += [
            "",
            f'last = answers.filter(pl.col("session") == {last}).group_by("draw", maintain_order=True).agg(pl.col("right").mean())',
            'last = over_draws(last["right"].to_list())',
            f'print("after session {last}:", last)',
        ]
    return "\n".join(lines)
