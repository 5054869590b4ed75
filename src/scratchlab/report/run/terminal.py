"""What came of a run, as tables for the terminal."""

from __future__ import annotations

from rich.console import Group, RenderableType
from rich.text import Text

from scratchlab.analysis.summary import METRICS, estimates
from scratchlab.checks import Problem
from scratchlab.metrics.estimate import Estimate
from scratchlab.report import tables
from scratchlab.store.run import Run


def outcome(run: Run) -> RenderableType:
    """The note, one table a head (sessions down, accuracies across, intervals beside them), and what the intervals mean."""
    summary = run.json("summary")
    if summary is None:
        raise Problem(f"{run.folder} has no result yet; it is {run.state()} ({run.status.get('where', 'not started')}).")
    parts: list[RenderableType] = [Text(f"{run.note}\n", style="italic")] if run.note else []
    hows: list[str] = []
    for head, found in ((name, estimates(one)) for name, one in summary["heads"].items()):
        table = tables.table("session", "classes", *METRICS, first="right")
        table.title, table.title_justify, table.title_style = f"{head} head", "left", "bold"
        for row in found["sessions"]:
            cells = [row[name] for name in METRICS]
            hows += [cell.how for cell in cells if cell.low is not None]
            table.add_row(str(row["session"]), str(row["classes"]), *(tables.accuracy(cell) for cell in cells))
        parts.append(table)
        if len(found["sessions"]) > 1:
            parts.append(Text(f"average {found['average']}, performance drop {_points(found['drop'])}\n"))
    meaning = "Accuracies are joint: every answer is chosen among all classes seen so far; 'balanced' weighs classes alike. "
    parts.append(Text(meaning + "95 % intervals: " + "; ".join(dict.fromkeys(hows)) + ".", style="dim"))
    return Group(*parts)


def _points(estimate: Estimate) -> str:
    """A difference of accuracies, in points."""
    return str(estimate).replace("%", "") + (" points" if estimate.value is not None else "")
