"""Classes and queries reconstructed from parts of base classes, without random or learned parameters.

Unpublished; the attention is that of Zou et al. (2024), arXiv 2405.17022, section 3.3. Plain base training. Class references and queries
are reconstructed from the base classes' parts (such as envelope and residual) that they are similar to, and the reconstructions are
compared (`similarity/reconstruction.py`). Base classes are reconstructed from all parts, their own included, because a query's class is not
known. Whatever of a new word is unlike all base words is lost in the reconstruction; docs/log.md reports the cost.
"""

from __future__ import annotations

from typing import Annotated, Unpack

import torch
from pydantic import Field
from torch import Tensor

from scratchlab.learn.components import Components, Parts
from scratchlab.learn.incremental import Incremental
from scratchlab.learn.references import References
from scratchlab.learn.stored import Tensors
from scratchlab.models.interface import Encoder
from scratchlab.similarity.reconstruction import reconstructed
from scratchlab.types import Embeddings, Inputs, Scores, TrainingView

HEAD = "reconstruction"


class ReconstructedReferences(References):
    """References compared with queries after both are reconstructed from these base classes."""

    def __init__(self, plain: References, base: Embeddings, aux: float) -> None:
        super().__init__(plain.similarity, reconstructed(plain.embeddings, base, aux), plain.labels, plain.count)
        self.base, self.aux = base, aux

    def compare(self, queries: Embeddings) -> Tensor:
        """`[n, count]`: scores of n queries."""
        return super().compare(reconstructed(queries, self.base, self.aux))


class Reconstruction(Incremental):
    """The plain method, with a further head `reconstruction`: (1 - share) · similarity + share · similarity of the reconstructions.

    The head uses the leading similarity of the criterion. Built around an encoder; given to `scratchlab.run`, it learns and scores queries,
    `[n, classes]` for each head.

    >>> from scratchlab.models.encoders.conv4 import Conv4
    >>> Reconstruction(Conv4(), share=0.3).groups  # of parameters, for training={"rates": ...}
    ('body', 'readout')
    """

    def __init__(
        self,
        encoder: Encoder | Components,
        *,
        aux: Annotated[float, Field(gt=0, description="sharpness of the attention over parts, which are scaled to norm 1")] = 2.0,
        share: Annotated[float, Field(gt=0, le=1, description="weight of the reconstructions in the score; 1: only they count")] = 0.5,
        **parts: Unpack[Parts],
    ) -> None:
        super().__init__(encoder, **parts)
        self.aux, self.share = aux, share
        self.reconstructions: tuple[ReconstructedReferences, ...] = ()

    def learn(self, view: TrainingView) -> None:
        """As the plain method; then reconstructs the new references from the base classes."""
        if len(view.train):
            self.reconstructions = ()
        super().learn(view)
        self._reconstruct()

    def restore(self, kept: Tensors) -> None:
        """As the plain method; then reconstructs all references."""
        super().restore(kept)
        self.reconstructions = ()
        self._reconstruct()

    def _reconstruct(self) -> None:
        """Reconstructs the references that are not yet reconstructed."""
        references = self.references[self.components.losses.criterion.leading]
        base = references[0].means()
        self.reconstructions = (
            *self.reconstructions,
            *(ReconstructedReferences(new, base, self.aux) for new in references[len(self.reconstructions) :]),
        )

    @torch.no_grad()
    def score(self, inputs: Inputs) -> dict[str, Scores]:
        """Scores by head: `reconstruction`, then all similarities."""
        plain = self.class_scores(self.components.losses.criterion.leading, inputs)
        by_reconstructions = torch.cat([references.scores(self.embedder, inputs) for references in self.reconstructions], 1)
        values = (1 - self.share) * plain + self.share * by_reconstructions
        return {HEAD: Scores(values.cpu().numpy(), self.classes), **super().score(inputs)}
