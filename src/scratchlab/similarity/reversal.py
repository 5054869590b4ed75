"""Does a similarity hear the order of time? One line tells: `print(time_reversal(DTW(), embeddings))`."""

from __future__ import annotations

from dataclasses import dataclass

import torch

from scratchlab.similarity.interface import Similarity
from scratchlab.similarity.sequences import reversed_steps
from scratchlab.types import Embeddings


@dataclass(frozen=True)
class Reversal:
    """Mean score of inputs with themselves, and with their own reversals; `share` of the inputs whose reversal scores lower."""

    itself: float
    reversed: float
    share: float

    def __str__(self) -> str:
        return f"itself {self.itself:.3f}, reversed {self.reversed:.3f}; the reversal scores lower for {self.share:.0%} of the inputs"


@torch.no_grad()
def time_reversal(similarity: Similarity, embeddings: Embeddings) -> Reversal:
    """Each input against itself and against itself backwards in time; a similarity that cannot see order gives both the same score."""
    pairs = [(embeddings.at(slice(i, i + 1)), reversed_steps(embeddings.at(slice(i, i + 1)))) for i in range(len(embeddings))]
    forth = torch.stack([similarity(one, one)[0, 0] for one, _ in pairs]).cpu().double()
    back = torch.stack([similarity(one, other)[0, 0] for one, other in pairs]).cpu().double()
    lower = forth - back > 1e-4 * forth.abs().clamp_min(1e-4)
    return Reversal(float(forth.mean()), float(back.mean()), float(lower.double().mean()))
