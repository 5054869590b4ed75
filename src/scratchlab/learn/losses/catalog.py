"""The losses a recipe can name, each by a table [loss.NAME]; their sum is what training lowers."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from scratchlab.checks import Problem
from scratchlab.learn.losses.contrastive import Contrastive
from scratchlab.learn.losses.cross_entropy import CrossEntropy
from scratchlab.learn.losses.interface import Loss
from scratchlab.learn.losses.pseudo_classes import PseudoClasses

LOSSES: dict[str, Callable[..., Loss]] = {
    "contrastive": Contrastive,
    "cross_entropy": CrossEntropy,
    "pseudo_classes": PseudoClasses,
}


class Losses:
    """A recipe's losses: the cross-entropy, by which validation judges, and what is added to it.

    Raises Problem unless there is exactly one cross-entropy.
    """

    def __init__(self, losses: Mapping[str, Loss]) -> None:
        found = [loss for loss in losses.values() if isinstance(loss, CrossEntropy)]
        if len(found) != 1:
            raise Problem("[loss] needs one table loss.cross_entropy, by which validation judges; others are added to it.")
        (self.cross_entropy,) = found
        self.added = [loss for loss in losses.values() if loss is not self.cross_entropy]

    def fits(self, streams: tuple[str, ...]) -> None:
        """Raises Problem unless all can be computed of embeddings that consist of these streams."""
        for loss in (self.cross_entropy, *self.added):
            loss.fits(streams)
