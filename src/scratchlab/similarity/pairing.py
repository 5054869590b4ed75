"""Comparison of two inputs: cosines of their steps, DTW's alignment, and the scores of every similarity."""

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
    """One similarity's score with A as query and B as reference, and its scores of both with themselves and their time reversals."""

    score: float
    reversal: Reversal
    sees_order: bool


@dataclass(frozen=True)
class Pairing:
    """Inputs A and B, of t and s steps. cosines: `[t, s]`; path: DTW's pairs of steps, `[k, 2]`; costs: 1 - cosine of each pair, `[k]`.

    window and stream: the settings of the recipe's DTW, used for the path; 1 and empty if the recipe has none.
    """

    cosines: Floats
    path: Ints
    costs: Floats
    window: float
    stream: str
    verdicts: dict[str, Verdict]

    @property
    def along(self) -> Floats:
        """Mean cosine of each step of A with the steps of B that it is aligned with, `[t]`."""
        return along(self.path, self.costs)

    @property
    def plain(self) -> bool:
        """Whether one of the two has a single step, so that only one path exists."""
        return min(self.cosines.shape) == 1


def along(pairs: Ints, costs: Floats) -> Floats:
    """Mean of 1 - cost over the pairs of each step of the first input, `[t]`.

    >>> along(np.array([[0, 0], [1, 1], [1, 2]]), np.array([0.5, 0.25, 0.75], np.float32)).tolist()
    [0.5, 0.5]
    """
    steps = pairs[:, 0]
    return (np.bincount(steps, 1 - costs.astype(np.float64)) / np.bincount(steps)).astype(np.float32)


@torch.no_grad()
def paired(similarities: Mapping[str, Similarity], both: Embeddings) -> Pairing:
    """Compare two embeddings, A and B. Window and stream are those of the first DTW among the similarities, else of the first soft-DTW."""
    warping = next((similarity for similarity in similarities.values() if isinstance(similarity, DTW)), None)
    warping = warping or next((similarity for similarity in similarities.values() if isinstance(similarity, SoftDTW)), None)
    window, stream = (warping.window, warping.stream) if warping else (1.0, "")
    a, b = both.at(slice(0, 1)), both.at(slice(1, 2))
    matrix_a, matrix_b = (x.stream(stream).matrix[0, : int(x.lengths[0])] for x in (a, b))
    pairs, costs = path(matrix_a, matrix_b, window)
    verdicts = {
        name: Verdict(float(similarity(a, b)[0, 0]), time_reversal(similarity, both), similarity.sees_order)
        for name, similarity in similarities.items()
    }
    return Pairing(_cosines(matrix_a, matrix_b), pairs, costs, window, stream, verdicts)


def _cosines(a: torch.Tensor, b: torch.Tensor) -> Floats:
    """Cosines `[t, s]` of the steps of `[t, c]` and `[s, c]`; 0 for silent steps."""
    x, y = (unit_steps(Embeddings(m[None, 0], m[None], torch.tensor([len(m)], device=m.device))) for m in (a, b))
    return cosines(x, y.permute(2, 1, 0))[:, :, 0].float().cpu().numpy()
