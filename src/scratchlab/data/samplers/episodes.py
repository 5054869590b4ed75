"""Episodic training: every batch is an N-way K-shot classification task, as in prototypical networks.

Source: Vinyals et al. (2016), "Matching Networks for One Shot Learning", arXiv 1606.04080, section 2.2; Snell et al. (2017),
arXiv 1703.05175, algorithm 1.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated

import numpy as np
import numpy.typing as npt
from pydantic import Field

from scratchlab.checks import Problem, as_array, counted
from scratchlab.data.samplers.interface import Episode, positions_by_class
from scratchlab.types import Rows

MIN_EPISODES = 20  # for validation


class Episodes:
    """Samples episodes of `way` classes with `shot` support and `query` query rows each, independently for every batch.

    `batches` are positions `[way · (shot + query)]` among rows with labels `[n]`; `episode` tells which of them are support.

    >>> labels = np.repeat(np.arange(4), 6)  # 24 rows of four classes
    >>> sampler = Episodes(way=2, shot=1, query=2, episodes=10)
    >>> rows = sampler.batches(labels)[0]
    >>> labels[rows], sampler.episode.support(np.arange(6))
    (array([2, 2, 2, 3, 3, 3]), array([ True, False, False,  True, False, False]))
    """

    def __init__(
        self,
        batch: int = 0,
        *,
        way: Annotated[int, Field(ge=2, description="classes per episode")] = 5,
        shot: Annotated[int, Field(ge=1, description="support rows per class")] = 5,
        query: Annotated[int, Field(ge=1, description="query rows per class")] = 15,
        episodes: Annotated[int, Field(ge=1, description="episodes per epoch; each is one step")] = 100,
    ) -> None:
        del batch  # a training batch is an episode
        self.episode, self.episodes = Episode(way, shot, query), episodes

    def fits(self, labels: Rows, classes: Sequence[str] = ()) -> None:
        """Raises Problem where the labels have fewer than `way` classes, or a class has fewer than shot + query rows."""
        present, counts = np.unique(labels, return_counts=True)
        way, shot, query = self.episode.way, self.episode.shot, self.episode.query
        if len(present) < way:
            raise Problem(
                f"sampler.way = {way} does not fit: the training rows are of {counted(len(present), 'class')}; lower sampler.way."
            )
        if (smallest := int(counts.min())) < shot + query:
            label = present[counts.argmin()]
            raise Problem(
                f"Class '{classes[int(label)] if classes else label}' has {counted(smallest, 'training row')}, fewer than "
                f"sampler.shot + sampler.query = {shot} + {query}; lower them, or leave the class out."
            )

    def batches(self, labels: npt.ArrayLike, seed: int = 0, epoch: int = 0) -> list[Rows]:
        """Positions `[way · (shot + query)]` of each episode, in the layout of `Episode`. Raises Problem as `fits`."""
        labels = as_array(labels, "n", "labels")
        self.fits(labels)
        return draw_episodes(labels, self.episode, self.episodes, np.random.default_rng([seed, epoch]))


def draw_episodes(labels: Rows, episode: Episode, n: int, rng: np.random.Generator) -> list[Rows]:
    """Draws `n` episodes from the classes with at least shot + query rows; returns the positions of their rows."""
    size = episode.shot + episode.query
    classes = [positions for positions in positions_by_class(labels) if len(positions) >= size]

    def draw() -> Rows:
        chosen: Rows = rng.choice(len(classes), episode.way, replace=False)
        return np.concatenate([rng.choice(classes[int(index)], size, replace=False) for index in chosen])

    return [draw() for _ in range(n)]


def validation_episodes(labels: Rows, episode: Episode, seed: int) -> tuple[list[Rows], Episode]:
    """Draws fixed validation episodes, in which each row occurs about once; returns them and their layout.

    The layout is `episode`, reduced to what the rows allow: classes with too few rows are left out, the number of queries is limited by the
    smallest class, and one support row is used where fewer than two classes have more than `shot` rows. Raises Problem where fewer than
    two classes have two rows.
    """
    counts = np.unique(labels, return_counts=True)[1]
    for shot in (episode.shot, 1):
        enough = counts[counts > shot]
        if len(enough) >= 2:
            fitted = Episode(min(episode.way, len(enough)), shot, min(episode.query, int(enough.min()) - shot))
            n = max(MIN_EPISODES, round(len(labels) / fitted.size))
            return draw_episodes(labels, fitted, n, np.random.default_rng([seed, len(labels)])), fitted
    raise Problem(
        f"Validation by episodes needs two classes or more with two rows each, but {counted(len(labels), 'row')} of "
        f"{counted(len(counts), 'class')} are there; change protocol.valid, or set it to 0 to keep the last epoch."
    )
