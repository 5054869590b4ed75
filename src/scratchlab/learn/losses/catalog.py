"""The losses that a recipe can name, each by a table [loss.NAME]; training minimises their sum."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from scratchlab.checks import Problem, listing
from scratchlab.data.samplers.interface import Sampler
from scratchlab.learn.losses.classification import Classification
from scratchlab.learn.losses.contrastive import Contrastive
from scratchlab.learn.losses.cross_entropy import CrossEntropy
from scratchlab.learn.losses.interface import Loss
from scratchlab.learn.losses.prototypical import Prototypical
from scratchlab.learn.losses.pseudo_class_term import PseudoClassTerm
from scratchlab.learn.losses.squared_error import SquaredError

LOSSES: dict[str, Callable[..., Loss]] = {
    "contrastive": Contrastive,
    "cross_entropy": CrossEntropy,
    "prototypical": Prototypical,
    "pseudo_classes": PseudoClassTerm,
    "squared_error": SquaredError,
}


class Losses:
    """A recipe's losses: one classification loss, which validation reports too (the criterion), and the losses added to it.

    Raises Problem unless there is exactly one classification loss.
    """

    def __init__(self, losses: Mapping[str, Loss]) -> None:
        criteria = [loss for loss in losses.values() if isinstance(loss, Classification)]
        if len(criteria) != 1:
            raise Problem(
                "[loss] needs exactly one of the tables loss.cross_entropy, loss.squared_error and loss.prototypical, for validation; "
                f"other losses are added to it. This recipe has {len(criteria)} of these; its losses are: {listing(losses)}."
            )
        (self.criterion,) = criteria
        self.added = [loss for loss in losses.values() if loss is not self.criterion]

    def fits(self, streams: tuple[str, ...], sampler: Sampler) -> None:
        """Raises Problem if a loss cannot be computed from embeddings with these streams, or with the batches of this sampler."""
        for loss in (self.criterion, *self.added):
            loss.fits(streams)
        if self.criterion.by_prototypes and sampler.episode is None:
            raise Problem(
                f"loss.{self.criterion.name} compares the queries of an episode with its support, but these batches are not episodes; "
                'set sampler.name = "episodes".'
            )

    def require_class_weights(self, method: str) -> None:
        """Raises Problem if no class weights are learned; for methods that need them in training."""
        if self.criterion.by_prototypes:
            raise Problem(
                f"The method {method} needs class weights in training, but loss.{self.criterion.name} learns none; "
                'use loss.cross_entropy, or method.name = "prototypes".'
            )
