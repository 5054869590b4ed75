"""Fusion by z-scores, and fallback to another similarity."""

from __future__ import annotations

import numpy as np
import torch
from scipy import stats

from scratchlab.similarity.fusion import fallen_back, fused, margins, standardised

SCORES = torch.tensor([[0.9, 0.1, 0.2], [-5.0, -4.0, -9.0], [2.0, 2.0, 2.0]])
OTHERS = torch.tensor([[0.1, 0.3, 0.2], [1.0, 5.0, 9.0], [0.0, 0.0, 1.0]])


def test_z_scores_equal_scipy_s_and_are_0_for_equal_scores() -> None:
    assert np.allclose(standardised(SCORES)[:2], stats.zscore(SCORES[:2].numpy(), axis=1), atol=1e-6)
    assert torch.equal(standardised(SCORES)[2], torch.zeros(3))


def test_scale_and_offset_of_a_similarity_do_not_matter() -> None:
    assert torch.allclose(fused([SCORES, OTHERS], [1, 1]), fused([SCORES * 100 - 7, OTHERS / 50 + 3], [1, 1]), atol=1e-4)
    tiny = SCORES.double() * 1e-9
    assert torch.allclose(standardised(tiny)[:2], standardised(SCORES.double())[:2])


def test_weights_of_fusion() -> None:
    assert torch.allclose(fused([SCORES, OTHERS], [1, 0]), standardised(SCORES))
    assert torch.allclose(fused([SCORES, OTHERS], [0.5, 0.5]), (standardised(SCORES) + standardised(OTHERS)) / 2)


def test_margins_and_fallback() -> None:
    assert torch.allclose(margins(SCORES)[1], torch.tensor(1.0 / float(np.std([-5, -4, -9]))))
    assert margins(torch.ones(2, 1)).isinf().all()
    threshold = float(margins(SCORES)[0]) - 1e-3  # the margin of query 0 is just above it, those of 1 and 2 below
    predictions = fallen_back(SCORES, OTHERS, threshold).argmax(1)
    assert predictions.tolist() == [0, 2, 2]
    assert torch.equal(fallen_back(SCORES, OTHERS, 0.0), standardised(SCORES))
