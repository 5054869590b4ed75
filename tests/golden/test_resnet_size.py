"""Parameter counts of ResNets for CIFAR-10: 0.27, 0.46, 0.66, 0.85 and 1.7 million in table 6 of arXiv 1512.03385."""

from __future__ import annotations

import pytest

from scratchlab.models.encoders.resnet import ResNet
from scratchlab.types import Image

CLASSES = 10


@pytest.mark.parametrize(("layers", "millions"), [(20, "0.27"), (32, "0.46"), (44, "0.66"), (56, "0.85"), (110, "1.7")])
@pytest.mark.parametrize("skip", [True, False])
def test_parameters_with_the_paper_s_classifier(layers: int, millions: str, skip: bool) -> None:
    """The plain network has the same number: "parameter-free shortcuts", section 4.2."""
    encoder = ResNet(Image(3, 32, 32), blocks=(layers - 2) // 6, skip=skip)
    count = sum(parameter.numel() for parameter in encoder.parameters()) + (encoder.dim + 1) * CLASSES
    assert f"{count / 1e6:.{len(millions) - 2}f}" == millions
