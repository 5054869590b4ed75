"""Scoring heads: single similarities, fusions of several, and fallbacks from one to another where the first is uncertain."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Mapping
from typing import Annotated, Any, Literal, TypeVar

import torch
from pydantic import Field
from torch import Tensor

from scratchlab.checks import Problem
from scratchlab.learn.losses.classification import find_similarity
from scratchlab.learn.stored import Tensors
from scratchlab.similarity.fusion import fallen_back, fused, margins
from scratchlab.similarity.interface import Similarity

ScoresBySimilarity = Mapping[str, Tensor]  # `[n, c]` each
Rehearsal = tuple[ScoresBySimilarity, Tensor]  # scores of validation rows, and the index of each row's class `[n]`
T = TypeVar("T")
WEIGHTS, THRESHOLD = "scoring.weights.", "scoring.threshold."  # how names of stored tensors begin
STEPS = 10  # fusion weights are multiples of 1/10
THRESHOLDS = 20  # number of quantile steps of the margins that are tried as thresholds


class Scoring:
    """The heads: the configured fusions and fallbacks first, then every similarity alone."""

    def __init__(
        self,
        similarities: Mapping[str, Similarity],
        *,
        fuse: Annotated[
            list[list[str]], Field(description="fusions of z-scores, each a list of similarities, as in [['cosine', 'dtw']]")
        ] = [],
        weights: Annotated[
            Literal["validation", "equal"], Field(description="weights of a fusion: chosen on validation rows, or equal")
        ] = "validation",
        fallback: Annotated[
            list[tuple[str, str]],
            Field(
                description="pairs of similarities: where the first's margin is below a threshold chosen on validation, the second decides"
            ),
        ] = [],
        exemplars: Annotated[
            int, Field(ge=1, description="training rows kept as references of each base class, for similarities with references = 'shots'")
        ] = 20,
        rehearsals: Annotated[int, Field(ge=1, description="random draws of shots over which weights and thresholds are chosen")] = 10,
        shots: Annotated[int, Field(ge=1, description="shots per class in these draws")] = 5,
    ) -> None:
        for group in fuse:
            if len(group) < 2 or len(set(group)) < len(group):
                raise Problem(f"scoring.fuse = {group} does not fit: a fusion needs two or more different similarities.")
        for name in {name for group in [*fuse, *fallback] for name in group}:
            find_similarity(similarities, name, "[scoring]")
        self.exemplars, self.rehearsals, self.shots = exemplars, rehearsals, shots
        self.fuse, self.fallback, self.by_validation = fuse, fallback, weights == "validation"
        self.weights: dict[str, list[float]] = {"+".join(group): [1.0] * len(group) for group in fuse}
        self.thresholds = {f"{main}>{second}": 0.0 for main, second in fallback}
        self.how = "equal, as set in the recipe"

    @property
    def needs_validation(self) -> bool:
        """Whether weights or thresholds are to be chosen on validation rows."""
        return bool(self.fallback) or (bool(self.fuse) and self.by_validation)

    def fusions(self, scored: ScoresBySimilarity) -> dict[str, Tensor]:
        """Scores `[n, c]` by fusion; columns are classes, or single references."""
        return {"+".join(group): fused([scored[name] for name in group], self.weights["+".join(group)]) for group in self.fuse}

    def heads(self, scored: ScoresBySimilarity) -> dict[str, Tensor]:
        """Scores `[n, c]` by head: fusions, then fallbacks, then similarities."""
        fallbacks = {
            f"{main}>{second}": fallen_back(scored[main], scored[second], self.thresholds[f"{main}>{second}"])
            for main, second in self.fallback
        }
        return {**self.fusions(scored), **fallbacks, **scored}

    def choose(self, rehearsals: list[Rehearsal]) -> None:
        """Chooses the weights and thresholds with the best mean accuracy over the rehearsals; of equals, the most equal weights.

        Without rehearsals, weights stay equal and no fallback is used.
        """
        if not rehearsals:
            self.how = "equal and without fallback, because there are no validation rows"
            return
        self.how = f"chosen on {len(rehearsals[0][1])} validation rows over {len(rehearsals)} draws of shots"
        for group in self.fuse if self.by_validation else []:
            equal_first = sorted(_simplex(len(group)), key=lambda weights: max(weights) - min(weights))
            self.weights["+".join(group)] = _best(
                equal_first, rehearsals, lambda w, scored, group=group: fused([scored[name] for name in group], w)
            )
        for main, second in self.fallback:
            observed = torch.cat([margins(scored[main]) for scored, _ in rehearsals])
            observed = observed[observed.isfinite()]  # with a single class, no margin is finite
            quantiles = torch.linspace(0, 1, THRESHOLDS + 1, dtype=observed.dtype, device=observed.device)
            grid: list[float] = [0.0, *(observed.quantile(quantiles).tolist() if len(observed) else [])]
            self.thresholds[f"{main}>{second}"] = _best(
                grid, rehearsals, lambda t, scored, pair=(main, second): fallen_back(scored[pair[0]], scored[pair[1]], t)
            )

    def tensors(self) -> dict[str, Tensor]:
        """The weights of every fusion `[k]` and the threshold of every fallback, by head, exactly."""
        weights = {f"{WEIGHTS}{head}": torch.tensor(weights, dtype=torch.float64) for head, weights in self.weights.items()}
        return weights | {f"{THRESHOLD}{head}": torch.tensor(value, dtype=torch.float64) for head, value in self.thresholds.items()}

    def restore(self, kept: Tensors) -> None:
        """Sets the weights and thresholds from what `tensors` gave."""
        self.weights = {head: kept[f"{WEIGHTS}{head}"].tolist() for head in self.weights}
        self.thresholds = {head: float(kept[f"{THRESHOLD}{head}"]) for head in self.thresholds}

    def facts(self) -> dict[str, Any]:
        """The chosen weights and thresholds, for the run's record."""
        if not (self.fuse or self.fallback):
            return {}
        weights = {head: dict(zip(group, self.weights[head], strict=True)) for group in self.fuse for head in ("+".join(group),)}
        return {"weights": weights, "thresholds": self.thresholds, "how": self.how}


def _simplex(size: int) -> list[list[float]]:
    """All weights in multiples of 1/10 that sum to 1, by the stars-and-bars enumeration.

    >>> len(_simplex(2)), len(_simplex(6)), _simplex(3)[1]
    (11, 3003, [0.0, 0.1, 0.9])
    """
    positions = STEPS + size - 1
    bar_positions = itertools.combinations(range(positions), size - 1)
    return [[(end - begin - 1) / STEPS for begin, end in itertools.pairwise((-1, *bars, positions))] for bars in bar_positions]


def _best(grid: list[T], rehearsals: list[Rehearsal], scores: Callable[[T, ScoresBySimilarity], Tensor]) -> T:
    """The value with the largest mean accuracy; of equals, the first."""

    def accuracy(value: T) -> float:
        return sum(float((scores(value, scored).argmax(1) == target).cpu().double().mean()) for scored, target in rehearsals)

    return max(grid, key=accuracy)
