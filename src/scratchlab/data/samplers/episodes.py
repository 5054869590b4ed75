"""Episodes: every batch is a small classification task of its own, as in prototypical networks.

Source: Vinyals et al. (2016), "Matching Networks for One Shot Learning", arXiv 1606.04080, section 2.2; Snell et al. (2017),
arXiv 1703.05175, algorithm 1.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated

import numpy as np
from pydantic import Field

from scratchlab.checks import Problem, counted
from scratchlab.data.samplers.interface import Episode, positions_by_class
from scratchlab.types import Rows

FEWEST = 20  # episodes of validation


class Episodes:
    """Batches of `way` classes with `shot` support and `query` query rows each, drawn anew for every episode."""

    def __init__(
        self,
        batch: int,
        *,
        way: Annotated[int, Field(ge=2, description="classes of an episode")] = 5,
        shot: Annotated[int, Field(ge=1, description="support rows of each class")] = 5,
        query: Annotated[int, Field(ge=1, description="query rows of each class")] = 15,
        episodes: Annotated[int, Field(ge=1, description="episodes of an epoch; each is one step")] = 100,
    ) -> None:
        del batch  # the rows of an episode take its place in training
        self.episode, self.episodes = Episode(way, shot, query), episodes

    def fits(self, labels: Rows, classes: Sequence[str]) -> None:
        """Raises Problem for fewer than `way` classes, and for a class with fewer than shot + query rows, which is named."""
        found, counts = np.unique(labels, return_counts=True)
        way, shot, query = self.episode.way, self.episode.shot, self.episode.query
        if len(found) < way:
            raise Problem(f"sampler.way = {way} does not fit: the training rows are of {counted(len(found), 'class')}; lower sampler.way.")
        if (least := int(counts.min())) < shot + query:
            raise Problem(
                f"Class '{classes[int(found[counts.argmin()])]}' has {counted(least, 'training row')}, fewer than "
                f"sampler.shot + sampler.query = {shot} + {query}; lower them, or leave the class out."
            )

    def batches(self, labels: Rows, seed: int, epoch: int) -> list[Rows]:
        """Positions `[way · (shot + query)]` of each episode, laid out as `Episode` says."""
        return draw_episodes(labels, self.episode, self.episodes, np.random.default_rng([seed, epoch]))


def draw_episodes(labels: Rows, episode: Episode, number: int, rng: np.random.Generator) -> list[Rows]:
    """Positions of so many episodes, out of the classes that have enough rows."""
    rows = episode.shot + episode.query
    own = [positions for positions in positions_by_class(labels) if len(positions) >= rows]

    def drawn() -> Rows:
        chosen: Rows = rng.choice(len(own), episode.way, replace=False)
        return np.concatenate([rng.choice(own[int(label)], rows, replace=False) for label in chosen])

    return [drawn() for _ in range(number)]


def validation_episodes(labels: Rows, episode: Episode, seed: int) -> tuple[list[Rows], Episode]:
    """Fixed episodes of validation rows, as many as hold about each row once, and their layout: `episode`, as far as the rows allow.

    Classes with a single row are left out; where fewer than two classes have more than `shot` rows, one row is the support, and there are
    as many queries of each class as the smallest affords. Raises Problem where fewer than two classes have two rows.
    """
    counts = np.unique(labels, return_counts=True)[1]
    for shot in (episode.shot, 1):
        enough = counts[counts > shot]
        if len(enough) >= 2:
            fitted = Episode(min(episode.way, len(enough)), shot, min(episode.query, int(enough.min()) - shot))
            number = max(FEWEST, round(len(labels) / fitted.size))
            return draw_episodes(labels, fitted, number, np.random.default_rng([seed, len(labels)])), fitted
    raise Problem(
        f"Validation by episodes needs two classes or more with two rows each, but {counted(len(labels), 'row')} of "
        f"{counted(len(counts), 'class')} are there; change protocol.valid, or set it to 0 to keep the last epoch."
    )
