"""The encoders a recipe can name."""

from __future__ import annotations

from collections.abc import Callable

from scratchlab.model.encoders.bc_resnet import BCResNet
from scratchlab.model.encoders.conv4 import Conv4
from scratchlab.model.encoders.mlp import MLP
from scratchlab.model.encoders.resnet import ResNet
from scratchlab.model.interface import Encoder

ENCODERS: dict[str, Callable[..., Encoder]] = {
    "bc_resnet": BCResNet,
    "conv4": Conv4,
    "mlp": MLP,
    "resnet": ResNet,
}
