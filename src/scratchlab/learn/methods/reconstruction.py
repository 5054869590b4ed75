"""Classes and queries rebuilt from the base's parts: a reconstruction embedding without random or learned parameters.

An idea of this lab; the attention is that of Zou et al. (2024), arXiv 2405.17022, section 3.3. Plain base training. A new word is
described by the envelope and the residual it is similar to, and so is a query; the two descriptions are compared
(`similarity/reconstruction.py`). Base classes are rebuilt with their own parts among the others, since a query's class is not known.
What of a new word is unlike every base word is lost on the way; docs/log.md says what that costs.
"""

from __future__ import annotations

from typing import Annotated, Unpack

import torch
from pydantic import Field
from torch import Tensor

from scratchlab.learn.components import Components, Parts
from scratchlab.learn.incremental import Incremental
from scratchlab.learn.references import References
from scratchlab.models.interface import Encoder
from scratchlab.similarity.reconstruction import reconstructed
from scratchlab.types import Embeddings, Inputs, Scores, TrainingView

HEAD = "reconstruction"


class Rebuilt(References):
    """References that are compared with queries as both are rebuilt from these base classes."""

    def __init__(self, plain: References, base: Embeddings, aux: float) -> None:
        super().__init__(plain.similarity, reconstructed(plain.embeddings, base, aux), plain.labels, plain.count)
        self.base, self.aux = base, aux

    def compare(self, queries: Embeddings) -> Tensor:
        """n queries -> `[n, count]`."""
        return super().compare(reconstructed(queries, self.base, self.aux))


class Reconstruction(Incremental):
    """Class means (or shots); beside their heads, `reconstruction`: (1 - share) · similarity + share · similarity when rebuilt.

    It goes by the similarity that leads the cross-entropy.
    """

    def __init__(
        self,
        encoder: Encoder | Components,
        *,
        aux: Annotated[float, Field(gt=0, description="sharpness of the attention to parts of length 1")] = 2.0,
        share: Annotated[float, Field(gt=0, le=1, description="share of the rebuilt in the score; 1: nothing else counts")] = 0.5,
        **parts: Unpack[Parts],
    ) -> None:
        super().__init__(encoder, **parts)
        self.aux, self.share = aux, share
        self.rebuilt: tuple[Rebuilt, ...] = ()

    def learn(self, view: TrainingView) -> None:
        """As the plain method; then what is new is rebuilt from the base."""
        if len(view.train):
            self.rebuilt = ()
        super().learn(view)
        references = self.references[self.components.losses.criterion.leading]
        base = references[0].means()
        self.rebuilt = (*self.rebuilt, *(Rebuilt(one, base, self.aux) for one in references[len(self.rebuilt) :]))

    @torch.no_grad()
    def score(self, inputs: Inputs) -> dict[str, Scores]:
        """`reconstruction`, then the heads of all similarities."""
        plain = self.compared(self.components.losses.criterion.leading, inputs)
        rebuilt = torch.cat([one.scores(self.embedder, inputs) for one in self.rebuilt], 1)
        values = (1 - self.share) * plain + self.share * rebuilt
        return {HEAD: Scores(values.cpu().numpy(), self.classes), **super().score(inputs)}
