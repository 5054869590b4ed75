"""What is known of rows, vectors, matrices or scores, in one array each, with an index from row numbers to places."""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor

from scratchlab.types import Rows

UNKNOWN = -1


class _Growing:
    """An array `[k, ...]` that can be added to. Room doubles when it is used up, so that k values are copied about twice in all."""

    def __init__(self) -> None:
        self.count = 0
        self.room: Tensor | None = None

    @property
    def values(self) -> Tensor:
        """`[k, ...]`, without the room behind. Raises ValueError while nothing was added."""
        if self.room is None:
            raise ValueError("nothing was added yet")
        return self.room[: self.count]

    def add(self, values: Tensor) -> None:
        """Puts values `[n, ...]` behind the others."""
        count = self.count + len(values)
        if self.room is None or count > len(self.room):
            room = values.new_empty(max(count, 2 * self.count), *values.shape[1:])
            if self.room is not None:
                room[: self.count] = self.values
            self.room = room
        self.room[self.count : count] = values
        self.count = count


class ByRow:
    """One value of a fixed shape a row."""

    def __init__(self) -> None:
        self._values, self._places = _Growing(), np.empty(0, dtype=np.int64)

    def __len__(self) -> int:
        return self._values.count

    def places(self, rows: Rows) -> Rows:
        """`[n]`: where the value of each row stands, UNKNOWN where there is none."""
        if len(rows) and rows.max() >= len(self._places):
            more = np.full(max(int(rows.max()) + 1, 2 * len(self._places)) - len(self._places), UNKNOWN)
            self._places = np.concatenate([self._places, more])
        return self._places[rows]

    def missing(self, rows: Rows) -> Rows:
        """Positions of the rows that have no value, in order; of a row that stands there twice the first."""
        unknown = np.flatnonzero(self.places(rows) == UNKNOWN)
        return unknown[np.sort(np.unique(rows[unknown], return_index=True)[1])]

    def put(self, rows: Rows, values: Tensor) -> None:
        """Sets the values `[n, ...]` of these rows, each of which stands there once."""
        places = self.places(rows)
        new = places == UNKNOWN
        if new.all():
            self._add(rows, values)
            return
        old, fresh = (torch.from_numpy(np.flatnonzero(where)).to(values.device) for where in (~new, new))
        self._values.values[torch.from_numpy(places[~new]).to(values.device)] = values[old]
        self._add(rows[new], values[fresh])

    def _add(self, rows: Rows, values: Tensor) -> None:
        self._places[rows] = np.arange(len(self), len(self) + len(rows))
        self._values.add(values)

    def get(self, rows: Rows) -> Tensor:
        """`[n, ...]`: the values of these rows. Raises KeyError for a row that has none."""
        values, places = self._values.values, self.places(rows)
        if (places == UNKNOWN).any():
            raise KeyError(f"nothing is known of row {rows[places == UNKNOWN][0]}")
        return values[torch.from_numpy(places).to(values.device)]


class MatricesByRow:
    """A matrix `[t, c]` a row, t differing, as all their steps in one array `[total, c]`."""

    def __init__(self) -> None:
        self._steps, self._spans = _Growing(), ByRow()  # a span: where a row's steps begin, and how many they are

    def missing(self, rows: Rows) -> Rows:
        """Positions of the rows that have no matrix, in order; of a row that stands there twice the first."""
        return self._spans.missing(rows)

    def put(self, rows: Rows, matrices: Tensor, lengths: Tensor) -> None:
        """Adds the first `lengths` `[n]` steps of matrices `[n, t, c]`, for rows that have none yet."""
        ends = lengths.cpu().cumsum(0) + self._steps.count
        self._spans.put(rows, torch.stack([ends - lengths.cpu(), lengths.cpu()], 1))
        self._steps.add(matrices[torch.arange(matrices.shape[1], device=lengths.device) < lengths[:, None]])

    def get(self, rows: Rows) -> tuple[Tensor, Tensor]:
        """Matrices `[n, t, c]`, zero beyond their lengths, padded to the longest among them; lengths `[n]`."""
        steps = self._steps.values
        begin, lengths = self._spans.get(rows).to(steps.device).unbind(1)
        place = torch.arange(int(lengths.max()), device=steps.device)
        matrices = steps[(begin[:, None] + place).clamp_max(len(steps) - 1)]
        return matrices.masked_fill_((place >= lengths[:, None])[..., None], 0.0), lengths
