"""How several similarities become answers: each alone, several fused, or one that falls back on another when it is unsure."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Mapping
from typing import Annotated, Any, Literal, TypeVar

import torch
from pydantic import Field
from torch import Tensor

from scratchlab.checks import Problem
from scratchlab.learn.losses.classification import named
from scratchlab.similarity.fusion import fallen_back, fused, margins
from scratchlab.similarity.interface import Similarity

Scored = Mapping[str, Tensor]  # by similarity: `[n, c]`
Rehearsal = tuple[Scored, Tensor]  # scores of validation rows, and the place of each one's class `[n]`
T = TypeVar("T")
STEPS = 10  # weights are tried in tenths
THRESHOLDS = 20  # quantiles of the margins that are tried as thresholds


class Scoring:
    """Heads: every similarity alone, and the fusions and fallbacks asked for, which go first."""

    def __init__(
        self,
        similarities: Mapping[str, Similarity],
        *,
        fuse: Annotated[
            list[list[str]], Field(description="fusions by z-score, each a list of similarities, as in [['cosine', 'dtw']]")
        ] = [],
        weights: Annotated[
            Literal["validation", "equal"], Field(description="weights of a fusion: chosen on validation rows, or all the same")
        ] = "validation",
        fallback: Annotated[
            list[tuple[str, str]],
            Field(description="pairs: the second decides where the first is unsure, by a threshold chosen on validation"),
        ] = [],
        exemplars: Annotated[
            int, Field(ge=1, description="training rows of a base class that are kept to compare with where references = 'shots'")
        ] = 20,
        rehearsals: Annotated[int, Field(ge=1, description="drawings of shots by which weights and thresholds are chosen")] = 10,
        shots: Annotated[int, Field(ge=1, description="shots of each class in these drawings")] = 5,
    ) -> None:
        for group in fuse:
            if len(group) < 2 or len(set(group)) < len(group):
                raise Problem(f"scoring.fuse = {group} does not fit: a fusion needs two similarities or more, each once.")
        for name in {name for group in [*fuse, *fallback] for name in group}:
            named(similarities, name, "[scoring]")
        self.exemplars, self.rehearsals, self.shots = exemplars, rehearsals, shots
        self.fuse, self.fallback, self.by_validation = fuse, fallback, weights == "validation"
        self.weights = {"+".join(group): [1.0] * len(group) for group in fuse}
        self.thresholds = {f"{main}>{second}": 0.0 for main, second in fallback}
        self.how = "equal, as the recipe asks"

    @property
    def chooses(self) -> bool:
        """Whether there is something for validation rows to choose."""
        return bool(self.fallback) or (bool(self.fuse) and self.by_validation)

    def fusions(self, scored: Scored) -> dict[str, Tensor]:
        """Scores `[n, c]` by fusion; c may also be references of which each stands for itself."""
        return {"+".join(group): fused([scored[name] for name in group], self.weights["+".join(group)]) for group in self.fuse}

    def heads(self, scored: Scored) -> dict[str, Tensor]:
        """Scores by head, `[n, c]` each: fusions, fallbacks, similarities."""
        fallbacks = {
            f"{main}>{second}": fallen_back(scored[main], scored[second], self.thresholds[f"{main}>{second}"])
            for main, second in self.fallback
        }
        return {**self.fusions(scored), **fallbacks, **scored}

    def choose(self, rehearsals: list[Rehearsal]) -> None:
        """Sets weights and thresholds to those with the best mean accuracy in the rehearsals; the plainest of equals.

        Without rehearsals weights stay equal and nothing falls back.
        """
        if not rehearsals:
            self.how = "equal and without fallback, because there are no validation rows"
            return
        self.how = f"chosen on {len(rehearsals[0][1])} validation rows in {len(rehearsals)} drawings of shots"
        for group in self.fuse if self.by_validation else []:
            equal_first = sorted(_simplex(len(group)), key=lambda weights: max(weights) - min(weights))
            self.weights["+".join(group)] = _best(
                equal_first, rehearsals, lambda w, scored, group=group: fused([scored[name] for name in group], w)
            )
        for main, second in self.fallback:
            seen = torch.cat([margins(scored[main]) for scored, _ in rehearsals])
            seen = seen[seen.isfinite()]  # with a single class no margin is, and nothing falls back
            steps = torch.linspace(0, 1, THRESHOLDS + 1, dtype=seen.dtype, device=seen.device)
            grid: list[float] = [0.0, *(seen.quantile(steps).tolist() if len(seen) else [])]
            self.thresholds[f"{main}>{second}"] = _best(
                grid, rehearsals, lambda t, scored, pair=(main, second): fallen_back(scored[pair[0]], scored[pair[1]], t)
            )

    def facts(self) -> dict[str, Any]:
        """What was chosen, for the run's record."""
        if not (self.fuse or self.fallback):
            return {}
        weights = {head: dict(zip(group, self.weights[head], strict=True)) for group in self.fuse for head in ("+".join(group),)}
        return {"weights": weights, "thresholds": self.thresholds, "how": self.how}


def _simplex(size: int) -> list[list[float]]:
    """All weights in tenths that sum to one: every way of putting `size - 1` bars between or beside ten tenths.

    >>> len(_simplex(2)), len(_simplex(6)), _simplex(3)[1]
    (11, 3003, [0.0, 0.1, 0.9])
    """
    places = STEPS + size - 1
    every = itertools.combinations(range(places), size - 1)
    return [[(end - begin - 1) / STEPS for begin, end in itertools.pairwise((-1, *bars, places))] for bars in every]


def _best(grid: list[T], rehearsals: list[Rehearsal], scores: Callable[[T, Scored], Tensor]) -> T:
    """The value with the largest mean accuracy, the first of equals."""

    def accuracy(value: T) -> float:
        return sum(float((scores(value, scored).argmax(1) == target).cpu().double().mean()) for scored, target in rehearsals)

    return max(grid, key=accuracy)
