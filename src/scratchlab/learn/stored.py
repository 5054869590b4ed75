"""Stored tensors: names with prefixes, and an embedder restored from them."""

from __future__ import annotations

from collections.abc import Mapping

from torch import Tensor

from scratchlab.learn.embedder import Embedder
from scratchlab.learn.whitening import Whitened
from scratchlab.similarity.interface import Similarity
from scratchlab.similarity.vector import CentredCosine
from scratchlab.similarity.whitening import EmbeddingWhitening

Tensors = Mapping[str, Tensor]


def under(prefix: str, kept: Tensors) -> dict[str, Tensor]:
    """The tensors whose names begin with the prefix, by the rest of their names.

    >>> list(under("embedder.", dict.fromkeys(["embedder.weight", "mean.cosine"])))
    ['weight']
    """
    return {name.removeprefix(prefix): tensor for name, tensor in kept.items() if name.startswith(prefix)}


def embedder_tensors(embedder: Embedder, whitened: Embedder, similarities: Mapping[str, Similarity]) -> dict[str, Tensor]:
    """The embedder's weights, its whitening, and the means that similarities subtract, by name. whitened: the same embedder, whitened if
    the method whitens."""
    kept = {f"embedder.{name}": tensor for name, tensor in embedder.state_dict().items()}
    if isinstance(whitened, Whitened):
        kept |= whitened.whitening.tensors()
    for name, similarity in similarities.items():
        if isinstance(similarity, CentredCosine) and similarity.mean is not None:
            kept[f"mean.{name}"] = similarity.mean
    return kept


def restored_embedder(embedder: Embedder, similarities: Mapping[str, Similarity], kept: Tensors) -> Embedder:
    """The embedder with its stored weights and an empty cache, whitened if it was; also sets the means that similarities subtract.

    Raises RuntimeError where the weights do not fit.
    """
    embedder.train()  # clears the cache
    embedder.load_state_dict(under("embedder.", kept))
    for name, similarity in similarities.items():
        if isinstance(similarity, CentredCosine):
            similarity.mean = kept.get(f"mean.{name}")
    whitening = EmbeddingWhitening.of_tensors(kept)
    return (Whitened(embedder, whitening) if whitening else embedder).eval()
