"""Parameter counts of BC-ResNet: 9.2 k, 27.3 k, 54.2 k and 321 k in table 2 of arXiv 2106.04140."""

from __future__ import annotations

import pytest

from scratchlab.models.encoders.bc_resnet import BCResNet
from scratchlab.types import Spectrogram

CLASSES = 12  # the paper's task; its classifier is a 1 × 1 convolution with a bias


@pytest.mark.parametrize(("width", "count"), [(1.0, 9_232), (2.0, 27_284), (3.0, 54_168), (8.0, 321_068)])
def test_parameters_with_the_paper_s_classifier(width: float, count: int) -> None:
    encoder = BCResNet(Spectrogram(40), width=width)
    assert encoder.dim == 32 * width
    assert sum(parameter.numel() for parameter in encoder.parameters()) + (encoder.dim + 1) * CLASSES == count
