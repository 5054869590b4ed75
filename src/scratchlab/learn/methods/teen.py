"""TEEN: Wang, Zhou, Liu, Ye, Bian, Zhan and Zhao (2023), "Few-Shot Class-Incremental Learning via Training-Free Prototype Calibration",
arXiv 2312.05229.

Plain base training; the prototypes of new classes are moved towards the base classes they are similar to. The published `share` is between
0.1 and 0.5, by data set. Here any similarity can be calibrated, whether of vectors or of matrices (`similarity/calibration.py`).
"""

from __future__ import annotations

from typing import Unpack

from scratchlab.learn.components import Components, Parts
from scratchlab.learn.incremental import Incremental
from scratchlab.learn.references import References
from scratchlab.models.interface import Encoder
from scratchlab.similarity.calibration import Share, Sharpness, calibrated
from scratchlab.types import Embeddings


class TEEN(Incremental):
    """The plain method, with calibrated references of new classes.

    Built around an encoder; given to `scratchlab.run`, it learns and scores queries, `[n, classes]` for each head.

    >>> from scratchlab.models.encoders.conv4 import Conv4
    >>> TEEN(Conv4(), share=0.3).groups  # of parameters, for training={"rates": ...}
    ('body', 'readout')
    """

    def __init__(self, encoder: Encoder | Components, *, share: Share = 0.5, sharpness: Sharpness = 16.0, **parts: Unpack[Parts]) -> None:
        super().__init__(encoder, **parts)
        self.share, self.sharpness = share, sharpness

    def adapt(self, new: Embeddings, base: References) -> Embeddings:
        """The calibrated references of new classes, and of few-shot episodes."""
        return calibrated(new, base.means(), base.similarity, self.share, self.sharpness)
