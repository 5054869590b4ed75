"""What the studies of the notebook use of the package, under the names that they know it by."""

from __future__ import annotations

from scratchlab.report.markdown import percent, points, table
from scratchlab.report.study import options as asked
from scratchlab.report.study import publish as leave
from scratchlab.report.study import run as spoken

__all__ = ["asked", "leave", "percent", "points", "spoken", "table"]
