"""The result of a run, as tables for the terminal."""

from __future__ import annotations

from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from scratchlab.checks import Problem
from scratchlab.report import tables, words
from scratchlab.result import Head, Result
from scratchlab.store.run import Run


def outcome(run: Run) -> RenderableType:
    """The note, the overall metrics of every head, the metrics by context if they are more detailed, kinds of intervals, and warnings."""
    result = run.result()
    if result is None:
        raise Problem(f"{run.folder} has no result yet; it is {run.state()} ({run.status.get('where', 'not started')}).")
    parts: list[RenderableType] = [Text(f"{run.note}\n", style="italic")] if run.note else []
    if any(head.detailed for head in result.heads.values()):
        parts += [_contexts(name, head, result) for name, head in result.heads.items()]
    parts.append(_heads(result))
    kinds = "; ".join(dict.fromkeys(estimate.how for estimate in result.estimates if estimate.low is not None))
    parts.append(Text(" ".join([*result.notes, f"95 % intervals: {kinds or 'none'}."]), style="dim"))
    parts += [Text(f"Warning: {warning}", style="bold yellow") for warning in result.warnings]
    return Group(*parts)


def _contexts(name: str, head: Head, result: Result) -> Table:
    """One head's metrics by context."""
    first = head.rows[0]
    table = tables.table(*result.layout.context, *first.counts, *(words.name(metric) for metric in first.metrics), first="right")
    table.title, table.title_justify, table.title_style = f"{name} head", "left", "bold"
    for row in head.rows:
        counts = [str(value) for value in (*row.context.values(), *row.counts.values())]
        table.add_row(*counts, *(tables.accuracy(estimate) for estimate in row.metrics.values()))
    return table


def _heads(result: Result) -> Table:
    """The overall metrics of every head."""
    table = tables.table("head", *(words.name(metric) for metric in result.head.metrics))
    for name, head in result.heads.items():
        table.add_row(
            name, *(tables.accuracy(head.metrics[metric]) if metric in head.metrics else Text("") for metric in result.head.metrics)
        )
    return table
