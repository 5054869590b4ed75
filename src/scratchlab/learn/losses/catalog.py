"""The losses a recipe can name, each by a table [loss.NAME]; their sum is what training lowers."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from scratchlab.checks import Problem, counted, listing
from scratchlab.data.samplers.interface import Sampler
from scratchlab.learn.losses.classification import Classification
from scratchlab.learn.losses.contrastive import Contrastive
from scratchlab.learn.losses.cross_entropy import CrossEntropy
from scratchlab.learn.losses.interface import Loss
from scratchlab.learn.losses.prototypical import Prototypical
from scratchlab.learn.losses.pseudo_classes import PseudoClasses
from scratchlab.learn.losses.squared_error import SquaredError

LOSSES: dict[str, Callable[..., Loss]] = {
    "contrastive": Contrastive,
    "cross_entropy": CrossEntropy,
    "prototypical": Prototypical,
    "pseudo_classes": PseudoClasses,
    "squared_error": SquaredError,
}


class Losses:
    """A recipe's losses: the criterion, which validation measures as well, and what is added to it.

    Raises Problem unless there is exactly one that tells the right class from the others.
    """

    def __init__(self, losses: Mapping[str, Loss]) -> None:
        found = [loss for loss in losses.values() if isinstance(loss, Classification)]
        if len(found) != 1:
            raise Problem(
                "[loss] needs one table loss.cross_entropy, loss.squared_error or loss.prototypical, which validation measures; others are "
                f"added to it. Here are {counted(len(found), 'such table')}, of {listing(losses)}."
            )
        (self.criterion,) = found
        self.added = [loss for loss in losses.values() if loss is not self.criterion]

    def fits(self, streams: tuple[str, ...], sampler: Sampler) -> None:
        """Raises Problem unless all can be computed of embeddings that consist of these streams, in batches of this sampler."""
        for loss in (self.criterion, *self.added):
            loss.fits(streams)
        if self.criterion.by_prototypes and sampler.episode is None:
            raise Problem(
                f"loss.{self.criterion.called} compares the queries of an episode with its support, but batches are no episodes here; "
                'set sampler.name = "episodes".'
            )

    def require_class_weights(self, method: str) -> None:
        """Raises Problem where none are learned, for a method that trains against them."""
        if self.criterion.by_prototypes:
            raise Problem(
                f"The method {method} compares with class weights while it trains, but loss.{self.criterion.called} learns none; "
                'take loss.cross_entropy, or method.name = "prototypes".'
            )
