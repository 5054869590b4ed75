"""Caches of values by row number (vectors, matrices, scores): one growing array each, with an index from rows to positions in it."""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor

from scratchlab.types import Rows

UNKNOWN = -1


class _GrowingArray:
    """An array `[k, ...]` that values can be appended to. Its capacity doubles when exhausted, so appending takes amortised linear time."""

    def __init__(self) -> None:
        self.count = 0
        self.buffer: Tensor | None = None

    @property
    def values(self) -> Tensor:
        """`[k, ...]`: the values, without the spare capacity. Raises ValueError if nothing was added yet."""
        if self.buffer is None:
            raise ValueError("nothing was added yet")
        return self.buffer[: self.count]

    def add(self, values: Tensor) -> None:
        """Appends values `[n, ...]`."""
        count = self.count + len(values)
        if self.buffer is None or count > len(self.buffer):
            buffer = values.new_empty(max(count, 2 * self.count), *values.shape[1:])
            if self.buffer is not None:
                buffer[: self.count] = self.values
            self.buffer = buffer
        self.buffer[self.count : count] = values
        self.count = count


class ValuesByRow:
    """One value of a fixed shape for each row."""

    def __init__(self) -> None:
        self._values, self._positions = _GrowingArray(), np.empty(0, dtype=np.int64)

    def __len__(self) -> int:
        return self._values.count

    def positions(self, rows: Rows) -> Rows:
        """`[n]`: the position of each row's value; UNKNOWN if it has none."""
        if len(rows) and rows.max() >= len(self._positions):
            more = np.full(max(int(rows.max()) + 1, 2 * len(self._positions)) - len(self._positions), UNKNOWN)
            self._positions = np.concatenate([self._positions, more])
        return self._positions[rows]

    def missing(self, rows: Rows) -> Rows:
        """Positions within `rows` of the rows without a value, in order; for a repeated row, its first position."""
        unknown = np.flatnonzero(self.positions(rows) == UNKNOWN)
        return unknown[np.sort(np.unique(rows[unknown], return_index=True)[1])]

    def put(self, rows: Rows, values: Tensor) -> None:
        """Sets the values `[n, ...]` of these rows, which must be distinct."""
        positions = self.positions(rows)
        new = positions == UNKNOWN
        if new.all():
            self._add(rows, values)
            return
        known, unknown = (torch.from_numpy(np.flatnonzero(where)).to(values.device) for where in (~new, new))
        self._values.values[torch.from_numpy(positions[~new]).to(values.device)] = values[known]
        self._add(rows[new], values[unknown])

    def _add(self, rows: Rows, values: Tensor) -> None:
        self._positions[rows] = np.arange(len(self), len(self) + len(rows))
        self._values.add(values)

    def get(self, rows: Rows) -> Tensor:
        """`[n, ...]`: the values of these rows. Raises KeyError for a row without a value."""
        values, positions = self._values.values, self.positions(rows)
        if (positions == UNKNOWN).any():
            raise KeyError(f"row {rows[positions == UNKNOWN][0]} has no value")
        return values[torch.from_numpy(positions).to(values.device)]


class MatricesByRow:
    """One matrix `[t, c]` for each row, with t depending on the row; the steps of all matrices are stored in one array `[total, c]`."""

    def __init__(self) -> None:
        self._steps, self._spans = _GrowingArray(), ValuesByRow()  # a span: first step of a row and number of its steps

    def missing(self, rows: Rows) -> Rows:
        """Positions within `rows` of the rows without a matrix, in order; for a repeated row, its first position."""
        return self._spans.missing(rows)

    def put(self, rows: Rows, matrices: Tensor, lengths: Tensor) -> None:
        """Sets the matrices of rows that have none: of matrices `[n, t, c]`, the first `lengths` `[n]` steps."""
        ends = lengths.cpu().cumsum(0) + self._steps.count
        self._spans.put(rows, torch.stack([ends - lengths.cpu(), lengths.cpu()], 1))
        self._steps.add(matrices[torch.arange(matrices.shape[1], device=lengths.device) < lengths[:, None]])

    def get(self, rows: Rows) -> tuple[Tensor, Tensor]:
        """Matrices `[n, t, c]`, zero-padded to the longest of them, and their lengths `[n]`. Raises KeyError for a row without a matrix."""
        steps = self._steps.values
        start, lengths = self._spans.get(rows).to(steps.device).unbind(1)
        step = torch.arange(int(lengths.max()), device=steps.device)
        matrices = steps[(start[:, None] + step).clamp_max(len(steps) - 1)]
        return matrices.masked_fill_((step >= lengths[:, None])[..., None], 0.0), lengths
