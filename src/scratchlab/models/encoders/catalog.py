"""The encoders a recipe can name."""

from __future__ import annotations

from collections.abc import Callable

from scratchlab.models.encoders.bc_resnet import BCResNet
from scratchlab.models.encoders.conv4 import Conv4
from scratchlab.models.encoders.mlp import MLP
from scratchlab.models.encoders.resnet import ResNet
from scratchlab.models.encoders.speech_embedding import SpeechEmbedding
from scratchlab.models.interface import Encoder

ENCODERS: dict[str, Callable[..., Encoder]] = {
    "bc_resnet": BCResNet,
    "conv4": Conv4,
    "mlp": MLP,
    "resnet": ResNet,
    "speech_embedding": SpeechEmbedding,
}
