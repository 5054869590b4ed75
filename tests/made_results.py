"""A small result by hand, for tests of whatever reads results."""

from __future__ import annotations

from collections.abc import Sequence

import polars as pl

from scratchlab.metrics.estimate import Estimate, undefined
from scratchlab.result import Head, Layout, Result, Row


def made_result(values: Sequence[float | None] = (0.98, 0.85), heads: Sequence[str] = ("cosine",)) -> Result:
    """Of heads that answered so after sessions 0, 1, …: one unit each."""
    sessions = [undefined("there is no answer") if one is None else Estimate(one, one - 0.01, one + 0.01, 2, "bootstrap") for one in values]
    rows = tuple(Row({"session": n}, {"classes": 6 + 2 * n}, {"accuracy": one}) for n, one in enumerate(sessions))
    head = Head({"final_accuracy": sessions[-1], "base_accuracy": sessions[0]}, rows)
    units = pl.DataFrame({"id": ["x"], "group": ["x"], "session": [0], "draw": [-1], "part": ["base"], "head": [heads[0]], "value": [1.0]})
    after = f", {sessions[-1]} on all {6 + 2 * len(sessions) - 2} after session {len(sessions) - 1}" if len(sessions) > 1 else ""
    headline = f"{heads[0]} head: {sessions[0]} on 6 base classes{after}"
    layout = Layout("query", "accuracy", ("session",), "draw", "part")
    return Result("sessions", headline, dict.fromkeys(heads, head), layout, scan=units.lazy)
