"""What is known of rows, vectors, matrices or scores, in one array each, with an index from row numbers to places."""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor

from scratchlab.types import Rows, rows

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
        self._values, self._places = _Growing(), rows()

    def __len__(self) -> int:
        return self._values.count

    def places(self, asked: Rows) -> Rows:
        """`[n]`: where the value of each row stands, UNKNOWN where there is none."""
        if len(asked) and asked.max() >= len(self._places):
            more = np.full(max(int(asked.max()) + 1, 2 * len(self._places)) - len(self._places), UNKNOWN)
            self._places = np.concatenate([self._places, more])
        return self._places[asked]

    def missing(self, asked: Rows) -> Rows:
        """Positions of the rows that have no value, in order; of a row that stands there twice the first."""
        unknown = np.flatnonzero(self.places(asked) == UNKNOWN)
        return unknown[np.sort(np.unique(asked[unknown], return_index=True)[1])]

    def put(self, given: Rows, values: Tensor) -> None:
        """Sets the values `[n, ...]` of these rows, each of which stands there once."""
        places = self.places(given)
        new = places == UNKNOWN
        if new.all():
            self._add(given, values)
            return
        old, fresh = (torch.from_numpy(np.flatnonzero(where)).to(values.device) for where in (~new, new))
        self._values.values[torch.from_numpy(places[~new]).to(values.device)] = values[old]
        self._add(given[new], values[fresh])

    def _add(self, given: Rows, values: Tensor) -> None:
        self._places[given] = np.arange(len(self), len(self) + len(given))
        self._values.add(values)

    def get(self, asked: Rows) -> Tensor:
        """`[n, ...]`: the values of these rows, which all have one."""
        values = self._values.values
        return values[torch.from_numpy(self.places(asked)).to(values.device)]


class MatricesByRow:
    """A matrix `[t, c]` a row, t differing, as all their steps in one array `[total, c]`."""

    def __init__(self) -> None:
        self._steps, self._spans = _Growing(), ByRow()  # a span: where a row's steps begin, and how many they are

    def missing(self, asked: Rows) -> Rows:
        """Positions of the rows that have no matrix, in order; of a row that stands there twice the first."""
        return self._spans.missing(asked)

    def put(self, given: Rows, matrices: Tensor, lengths: Tensor) -> None:
        """Adds the first `lengths` `[n]` steps of matrices `[n, t, c]`, for rows that have none yet."""
        ends = lengths.cpu().cumsum(0) + self._steps.count
        self._spans.put(given, torch.stack([ends - lengths.cpu(), lengths.cpu()], 1))
        self._steps.add(matrices[torch.arange(matrices.shape[1], device=lengths.device) < lengths[:, None]])

    def get(self, asked: Rows) -> tuple[Tensor, Tensor]:
        """Matrices `[n, t, c]`, zero beyond their lengths, padded to the longest among them; lengths `[n]`."""
        steps = self._steps.values
        begin, lengths = self._spans.get(asked).to(steps.device).unbind(1)
        place = torch.arange(int(lengths.max()), device=steps.device)
        matrices = steps[(begin[:, None] + place).clamp_max(len(steps) - 1)]
        return matrices.masked_fill_((place >= lengths[:, None])[..., None], 0.0), lengths
