"""Two inputs as the encoder sees them, and what the similarities make of them."""

from __future__ import annotations

from collections.abc import Mapping

import torch

from scratchlab.learn.embedder import Embedder
from scratchlab.similarity.interface import Similarity
from scratchlab.similarity.pairing import Pairing, paired
from scratchlab.types import Floats, Inputs, rows


@torch.no_grad()
def looked_at(embedder: Embedder, similarities: Mapping[str, Similarity], inputs: Inputs) -> tuple[list[Floats], Pairing]:
    """Of two inputs: the features `[channels, rows, columns]` of each, without padding; and the two of them paired."""
    features, lengths = embedder.features(inputs.batch(rows([0, 1])))
    seen = [features[i, ..., : int(lengths[i])].float().cpu().numpy() for i in range(2)]
    return seen, paired(similarities, embedder.embeddings(inputs))
