"""Two inputs side by side: which steps are alike, which of them DTW pairs, and what every similarity says of the two."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import torch

from scratchlab.similarity.alignment import DTW, SoftDTW, path
from scratchlab.similarity.interface import Similarity
from scratchlab.similarity.reversal import Reversal, time_reversal
from scratchlab.similarity.steps import cosines, unit_steps
from scratchlab.types import Embeddings

Ints = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float32]


@dataclass(frozen=True)
class Verdict:
    """What one similarity says: its score of A asked and B answering, and of both with themselves and their reversals in time."""

    score: float
    reversal: Reversal
    sees_order: bool


@dataclass(frozen=True)
class Pairing:
    """A and B, of t and s steps. cosines: `[t, s]`; path: DTW's pairs of steps, `[k, 2]`; costs: 1 - cosine of each, `[k]`.

    window and stream: those of the recipe's DTW, by which the path was found; 1 and empty where it names none.
    """

    cosines: Floats
    path: Ints
    costs: Floats
    window: float
    stream: str
    verdicts: dict[str, Verdict]

    @property
    def along(self) -> Floats:
        """`[t]`: the mean cosine of each step of A with the steps of B it is paired with."""
        return along(self.path, self.costs)

    @property
    def plain(self) -> bool:
        """Whether one of the two is a single step, so that the path is no choice."""
        return min(self.cosines.shape) == 1


def along(pairs: Ints, costs: Floats) -> Floats:
    """Mean of 1 - cost by first step, `[t]`.

    >>> along(np.array([[0, 0], [1, 1], [1, 2]]), np.array([0.5, 0.25, 0.75], np.float32)).tolist()
    [0.5, 0.5]
    """
    steps = pairs[:, 0]
    return (np.bincount(steps, 1 - costs.astype(np.float64)) / np.bincount(steps)).astype(np.float32)


@torch.no_grad()
def paired(similarities: Mapping[str, Similarity], both: Embeddings) -> Pairing:
    """Of two embeddings, the first being A. A warping similarity of the recipe gives window and stream; the first, if there are several."""
    warping = next((one for one in similarities.values() if isinstance(one, DTW)), None)
    warping = warping or next((one for one in similarities.values() if isinstance(one, SoftDTW)), None)
    window, stream = (warping.window, warping.stream) if warping else (1.0, "")
    a, b = both.at(slice(0, 1)), both.at(slice(1, 2))
    one, other = (x.stream(stream).matrix[0, : int(x.lengths[0])] for x in (a, b))
    pairs, costs = path(one, other, window)
    verdicts = {
        name: Verdict(float(similarity(a, b)[0, 0]), time_reversal(similarity, both), similarity.sees_order)
        for name, similarity in similarities.items()
    }
    return Pairing(_cosines(one, other), pairs, costs, window, stream, verdicts)


def _cosines(one: torch.Tensor, other: torch.Tensor) -> Floats:
    """`[t, c]`, `[s, c]` -> `[t, s]`; 0 for silent steps."""
    a, b = (unit_steps(Embeddings(x[None, 0], x[None], torch.tensor([len(x)], device=x.device))) for x in (one, other))
    return cosines(a, b.permute(2, 1, 0))[:, :, 0].float().cpu().numpy()
