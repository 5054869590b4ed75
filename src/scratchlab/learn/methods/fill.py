"""FILL-style combination: virtual prototypes in base training, calibration of the prototypes of new classes.

Source: "FILL", doi 10.21437/Interspeech.2024-1823, which combines FACT (arXiv 2203.06953) and TEEN (arXiv 2312.05229) with BC-ResNet for
keyword spotting.

1. Base training as in FACT: cross-entropy + weight · (reserve + forecast), which reserves space between classes by means of virtual
   prototypes, which belong to no class (`losses/virtual.py`).
2. A new class is represented by the mean of its shots (or the shots), moved as in TEEN by `share` towards the base classes it is similar to
   (`similarity/calibration.py`).
3. Scores as in FACT: eta · softmax(query → virtual → class) + (1 - eta) · softmax(temperature · similarity query → class), as a logarithm.

The default settings of the parts are those of their papers; 15 virtual prototypes, for the 15 future words of the FILL paper.
"""

from __future__ import annotations

from typing import Unpack

from scratchlab.learn.components import Components, Parts
from scratchlab.learn.losses.virtual import Beta, Count, Eta, Serves, Top, Weight
from scratchlab.learn.references import References
from scratchlab.learn.virtual_prototypes import VirtualPrototypes
from scratchlab.models.interface import Encoder
from scratchlab.similarity.calibration import Share, Sharpness, calibrated
from scratchlab.types import Embeddings


class FILL(VirtualPrototypes):
    """FACT's training and scores, with TEEN's prototypes.

    Built around an encoder; given to `scratchlab.run`, it learns and scores queries, `[n, classes]` for each head.

    >>> from scratchlab.models.encoders.conv4 import Conv4
    >>> FILL(Conv4(), virtual=10, share=0.3).groups  # of parameters, for training={"rates": ...}
    ('body', 'readout', 'virtual')
    """

    def __init__(
        self,
        encoder: Encoder | Components,
        *,
        virtual: Count = 15,
        weight: Weight = 0.01,
        beta: Beta = 0.5,
        serves: Serves = 3,
        eta: Eta = 0.1,
        top: Top = 40,
        share: Share = 0.5,
        sharpness: Sharpness = 16.0,
        **parts: Unpack[Parts],
    ) -> None:
        super().__init__(encoder, virtual=virtual, weight=weight, beta=beta, serves=serves, eta=eta, top=top, **parts)
        self.share, self.sharpness = share, sharpness

    def adapt(self, new: Embeddings, base: References) -> Embeddings:
        """The calibrated references of new classes, and of few-shot episodes."""
        return calibrated(new, base.means(), base.similarity, self.share, self.sharpness)
