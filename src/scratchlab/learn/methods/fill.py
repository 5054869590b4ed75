"""FILL-style combination: virtual prototypes while the base is learned, calibration of the new classes' prototypes afterwards.

Source: "FILL", doi 10.21437/Interspeech.2024-1823, which brings FACT (arXiv 2203.06953) and TEEN (arXiv 2312.05229) together on
BC-ResNet for keyword spotting. The settings of the parts are those of their papers; 15 virtual prototypes for its 15 words to come.
"""

from __future__ import annotations

from scratchlab.learn.incremental import Components
from scratchlab.learn.references import Block
from scratchlab.learn.reservation import Beta, Count, Eta, Reserved, Serves, Top, Weight
from scratchlab.similarity.calibration import Share, Sharpness, calibrated


class FILL(Reserved):
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
        super().__init__(components, virtual, weight, beta, serves, eta, top)
        self.share, self.sharpness = share, sharpness

    def adapted(self, new: Block, base: Block) -> Block:
        """New references, moved."""
        return new.moved(calibrated(new.references, base.means(), new.similarity, self.share, self.sharpness))
