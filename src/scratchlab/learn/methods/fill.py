"""FILL-style combination: virtual prototypes while the base is learned, calibration of the new classes' prototypes afterwards.

Source: "FILL", doi 10.21437/Interspeech.2024-1823, which brings FACT (arXiv 2203.06953) and TEEN (arXiv 2312.05229) together on
BC-ResNet for keyword spotting.

1. Base training as in FACT: cross-entropy + weight · (reserve + forecast), which keeps the space between classes for virtual prototypes,
   rows of no class (`losses/virtual.py`).
2. A new class is the mean of its shots (or the shots), moved as in TEEN by `share` towards the base classes it is similar to
   (`similarity/calibration.py`).
3. An answer as in FACT: eta · softmax(query → virtual → class) + (1 - eta) · softmax(scaled similarity query → class), as a logarithm.

The settings of the parts are those of their papers; 15 virtual prototypes for its 15 words to come.
"""

from __future__ import annotations

from scratchlab.learn.incremental import Components
from scratchlab.learn.losses.virtual import Beta, Count, Eta, Serves, Top, Weight
from scratchlab.learn.references import References
from scratchlab.learn.virtual_prototypes import WithVirtualPrototypes
from scratchlab.similarity.calibration import Share, Sharpness, calibrated
from scratchlab.types import Embeddings


class FILL(WithVirtualPrototypes):
    """FACT's training and answers, with TEEN's prototypes."""

    def __init__(
        self,
        components: Components,
        *,
        virtual: Count = 15,
        weight: Weight = 0.01,
        beta: Beta = 0.5,
        serves: Serves = 3,
        eta: Eta = 0.1,
        top: Top = 40,
        share: Share = 0.5,
        sharpness: Sharpness = 16.0,
    ) -> None:
        super().__init__(components, "fill", virtual=virtual, weight=weight, beta=beta, serves=serves, eta=eta, top=top)
        self.share, self.sharpness = share, sharpness

    def adapted(self, new: Embeddings, base: References) -> Embeddings:
        """New references, calibrated; so are those of few-shot episodes."""
        return calibrated(new, base.means(), base.similarity, self.share, self.sharpness)
