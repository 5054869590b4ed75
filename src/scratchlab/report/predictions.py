"""A table of answers for the terminal."""

from __future__ import annotations

from collections.abc import Sequence

from rich import box
from rich.console import RenderableType
from rich.table import Table
from rich.text import Text

from scratchlab.inference.prediction import UNKNOWN, Prediction


def answers(predicted: Sequence[Prediction]) -> RenderableType:
    """One row per input: file, answer, score and the class that came second; where the answer is unknown, also the nearest class."""
    table = Table(box=box.SIMPLE_HEAD, padding=(0, 1, 0, 0), pad_edge=False)
    table.add_column("file", overflow="fold")
    table.add_column("answer", no_wrap=True)
    table.add_column("score", justify="right", no_wrap=True)
    table.add_column("second", no_wrap=True)
    table.add_column("score", justify="right", no_wrap=True)
    for one in predicted:
        answer = Text(one.label, "bold") if one.label == one.best else Text.assemble((UNKNOWN, "yellow"), f" (nearest {one.best})")
        second = "" if one.runner_up_score is None else f"{one.runner_up_score:.3f}"
        table.add_row(one.source, answer, f"{one.score:.3f}", one.runner_up or "", second)
    return table
