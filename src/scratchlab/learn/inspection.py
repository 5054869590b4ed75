"""Comparison of two single inputs: their front-end features, and the similarities of their embeddings."""

from __future__ import annotations

from collections.abc import Mapping

import torch

from scratchlab.learn.embedder import Embedder
from scratchlab.similarity.interface import Similarity
from scratchlab.similarity.pairing import Pairing, paired
from scratchlab.types import Floats, Inputs, rows


@torch.no_grad()
def features_and_pairing(embedder: Embedder, similarities: Mapping[str, Similarity], inputs: Inputs) -> tuple[list[Floats], Pairing]:
    """The features `[channels, rows, columns]` of each of two inputs, without padding, and the comparison of their embeddings."""
    features, lengths = embedder.features(inputs.batch(rows([0, 1])))
    unpadded = [features[i, ..., : int(lengths[i])].float().cpu().numpy() for i in range(2)]
    return unpadded, paired(similarities, embedder.embeddings(inputs))
