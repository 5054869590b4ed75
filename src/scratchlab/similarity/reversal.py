"""Whether a similarity depends on the order of time: `print(time_reversal(DTW(), embeddings))`."""

from __future__ import annotations

from dataclasses import dataclass

import torch

from scratchlab.similarity.interface import Similarity
from scratchlab.similarity.sequences import reversed_steps
from scratchlab.types import Embeddings


@dataclass(frozen=True)
class Reversal:
    """Mean score of inputs with themselves, and with their time reversals; `share`: fraction of inputs whose reversal scores lower."""

    itself: float
    reversed: float
    share: float

    def __str__(self) -> str:
        return f"itself {self.itself:.3f}, reversed {self.reversed:.3f}; the reversal scores lower for {self.share:.0%} of the inputs"


@torch.no_grad()
def time_reversal(similarity: Similarity, embeddings: Embeddings) -> Reversal:
    """Compare each input with itself and with its time reversal; a similarity that ignores order gives both the same score."""
    pairs = [(embeddings.at(slice(i, i + 1)), reversed_steps(embeddings.at(slice(i, i + 1)))) for i in range(len(embeddings))]
    itself = torch.stack([similarity(x, x)[0, 0] for x, _ in pairs]).cpu().double()
    reversal = torch.stack([similarity(x, backwards)[0, 0] for x, backwards in pairs]).cpu().double()
    lower = itself - reversal > 1e-4 * itself.abs().clamp_min(1e-4)
    return Reversal(float(itself.mean()), float(reversal.mean()), float(lower.double().mean()))
