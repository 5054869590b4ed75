"""The parts of scratchlab.report that the studies of the notebook use."""

from __future__ import annotations

from scratchlab.report.markdown import percent, points, table
from scratchlab.report.study import options, publish, run

__all__ = ["options", "percent", "points", "publish", "run", "table"]
