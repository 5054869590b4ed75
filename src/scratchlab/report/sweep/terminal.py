"""A sweep in the terminal: what each cell came to over its seeds, and the runs that came to nothing."""

from __future__ import annotations

import re
from collections.abc import Sequence

import numpy as np
import polars as pl
from rich import box
from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from scratchlab.checks import counted


def cells(table: pl.DataFrame, axes: Sequence[str]) -> RenderableType:
    """One row a cell: how many of its runs are there, and mean ± standard deviation over the seeds of those that finished."""
    metrics = [name for name in table.columns if name == "valid.accuracy" or name.startswith(("test.", "last."))]
    shown = Table(box=box.SIMPLE_HEAD, padding=(0, 1, 0, 0), pad_edge=False)
    called = {name: _briefly(table[name].unique().to_list()) for name in axes}
    for name, header in zip(axes, short(axes), strict=True):
        shown.add_column(header, overflow="fold", min_width=min(8, max(map(len, (header, *called[name].values())))))
    for name, width in {"runs": 4, "diverged": 8, **dict.fromkeys(metrics, len("100.0 ± 0.0"))}.items():
        shown.add_column(name, justify="right", overflow="fold", min_width=width)
    for values, group in table.group_by(list(axes), maintain_order=True):
        finished = group.filter(pl.col("state") == "finished")
        diverged = (group["state"] == "diverged").sum()
        shown.add_row(
            *(called[name][value] for name, value in zip(axes, values, strict=True)),
            f"{finished.height + diverged}/{group.height}",
            Text(str(diverged), style="red" if diverged else "dim"),
            *(_spread(finished[name].drop_nulls().to_numpy()) for name in metrics),
        )
    told = "Percent, mean ± standard deviation over seeds; runs that diverged are counted, and have no figure."
    return Group(shown, Text(told, style="dim"))


def short(settings: Sequence[str]) -> list[str]:
    """Each path cut to as few of its last words as tell it from the others.

    >>> short(["training.rates.body", "training.rates.readout", "encoder.width", "streams.width"])
    ['body', 'readout', 'encoder.width', 'streams.width']
    """
    paths = [setting.split(".") for setting in settings]
    return [
        next(".".join(path[-n:]) for n in range(1, len(path) + 1) if sum(other[-n:] == path[-n:] for other in paths) == 1) for path in paths
    ]


def _briefly(values: Sequence[str]) -> dict[str, str]:
    """Values without what stands in brackets behind their names, where that still tells them apart.

    >>> _briefly(["squared_error", "cross_entropy(temperature=1.0)"])["cross_entropy(temperature=1.0)"]
    'cross_entropy'
    """
    brief = {value: re.sub(r"(?<=\w)\(.*?\)", "", value) for value in values}
    return brief if len(set(brief.values())) == len(brief) else {value: value for value in values}


def _spread(values: np.ndarray[tuple[int], np.dtype[np.float64]]) -> str:
    if not len(values):
        return "–"
    mean = f"{100 * float(values.mean()):.1f}"
    return mean if len(values) < 2 else f"{mean} ± {100 * float(values.std(ddof=1)):.1f}"


def endings(failed: Sequence[tuple[str, str, str]]) -> RenderableType:
    """Runs that came to nothing, with their last words: `(run, state, words)`."""
    lines = [Text.assemble((f"{run}: {state}. ", "bold red"), words) for run, state, words in failed]
    return Group(Text(f"{counted(len(failed), 'run')} came to nothing; the same command tries again.", style="bold"), *lines)
