"""TEEN's calibration against its formula, for vectors and for matrices of different lengths."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from tests.contracts.test_similarities import embeddings

from scratchlab.similarity.calibration import calibrated
from scratchlab.similarity.catalog import SIMILARITIES
from scratchlab.similarity.matching import OneToOne
from scratchlab.similarity.vector import Cosine
from scratchlab.types import Embeddings


def unit(x: np.ndarray) -> np.ndarray:
    return x / np.linalg.norm(x)


def test_vectors_move_by_the_paper_s_formula() -> None:
    new, base = embeddings([1, 1], 0), embeddings([1, 1, 1], 1)
    result = calibrated(new, base, Cosine(), 0.3, 16.0)
    for p, moved in zip(new.vector.numpy(), result.vector.numpy(), strict=True):
        cosines = np.array([unit(p) @ unit(b) for b in base.vector.numpy()])
        weights = np.exp(16 * cosines) / np.exp(16 * cosines).sum()
        pull = sum(w * unit(b) for w, b in zip(weights, base.vector.numpy(), strict=True))
        assert np.allclose(moved, np.linalg.norm(p) * (0.7 * unit(p) + 0.3 * unit(pull)), atol=1e-5)
    assert torch.equal(result.matrix, new.matrix)


@pytest.mark.parametrize("name", SIMILARITIES)
def test_share_0_is_the_identity_and_share_1_keeps_the_norm(name: str) -> None:
    new, base, similarity = embeddings([6, 6], 0), embeddings([6], 1), SIMILARITIES[name]()
    queries = embeddings([5, 6, 4], 2)
    kept = calibrated(new, base, similarity, 0.0, 16.0)
    assert torch.allclose(similarity(queries, kept), similarity(queries, new), atol=1e-4, rtol=1e-4)
    moved_fully, base_values, new_values = (
        one.vector if similarity.reads == "vector" else one.matrix.flatten(1)
        for one in (calibrated(new, base, similarity, 1.0, 16.0), base, new)
    )
    assert torch.allclose(torch.cosine_similarity(moved_fully, base_values), torch.ones(2), atol=1e-5)
    assert torch.allclose(moved_fully.norm(dim=1), new_values.norm(dim=1), rtol=1e-5)


def test_matrices_keep_their_lengths_and_padding_is_ignored() -> None:
    new, base = embeddings([4, 6], 0), embeddings([5, 3], 1)
    result = calibrated(new, base, OneToOne(), 0.5, 16.0)
    assert torch.equal(result.lengths, new.lengths)
    assert torch.equal(result.matrix[0, 4:], torch.zeros(2, new.matrix.shape[2]))
    garbage = Embeddings(base.vector, torch.cat([base.matrix, torch.full((2, 3, base.matrix.shape[2]), 7.0)], 1), base.lengths)
    assert torch.allclose(calibrated(new, garbage, OneToOne(), 0.5, 16.0).matrix, result.matrix)
    alone = calibrated(new.at(slice(0, 1)), base, OneToOne(), 0.5, 16.0)
    assert torch.allclose(alone.matrix[0, :4], result.matrix[0, :4], atol=1e-6)
