"""The losses a recipe can name, each by a table [loss.NAME]; their sum is what training lowers."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from scratchlab.checks import Problem, counted, listing
from scratchlab.learn.losses.classification import Classification
from scratchlab.learn.losses.contrastive import Contrastive
from scratchlab.learn.losses.cross_entropy import CrossEntropy
from scratchlab.learn.losses.interface import Loss
from scratchlab.learn.losses.pseudo_classes import PseudoClasses
from scratchlab.learn.losses.squared_error import SquaredError

LOSSES: dict[str, Callable[..., Loss]] = {
    "contrastive": Contrastive,
    "cross_entropy": CrossEntropy,
    "pseudo_classes": PseudoClasses,
    "squared_error": SquaredError,
}


class Losses:
    """A recipe's losses: the one by which validation judges, and what is added to it.

    Raises Problem unless there is exactly one that tells the right class from the others.
    """

    def __init__(self, losses: Mapping[str, Loss]) -> None:
        found = [loss for loss in losses.values() if isinstance(loss, Classification)]
        if len(found) != 1:
            raise Problem(
                "[loss] needs one table loss.cross_entropy or loss.squared_error, by which validation judges; others are added to it. "
                f"Here are {counted(len(found), 'such table')}, of {listing(losses)}."
            )
        (self.judge,) = found
        self.added = [loss for loss in losses.values() if loss is not self.judge]

    def fits(self, streams: tuple[str, ...]) -> None:
        """Raises Problem unless all can be computed of embeddings that consist of these streams."""
        for loss in (self.judge, *self.added):
            loss.fits(streams)
