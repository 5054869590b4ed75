"""Few-shot episodes: accuracy for each number of shots, with balanced and imbalanced queries, and AUROC of detecting unknown classes."""

from __future__ import annotations

import hashlib
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import polars as pl

from scratchlab.checks import Problem, counted
from scratchlab.data.protocols.episodes import BALANCED, EpisodesPlan
from scratchlab.metrics.episodes import Values, episode_accuracy, episode_auroc
from scratchlab.metrics.estimate import over_draws
from scratchlab.metrics.paired import differences_over_draws
from scratchlab.result import Head, Layout, Metrics, Result, Row
from scratchlab.types import Samples

if TYPE_CHECKING:
    from scratchlab.evaluation.interface import Progress
    from scratchlab.learn.methods.interface import Method, Scorer

SCORES = 1 << 24  # scores of one head in memory at once
Context = tuple[int, str]  # number of shots, and distribution of the queries over the classes


@dataclass(frozen=True)
class EpisodeScores:
    """Metrics of one head in one context. accuracy: `[episode]`. auroc: `[episode]`, None if no query is of an unknown class."""

    accuracy: Values
    auroc: Values | None


def evaluate(plan: EpisodesPlan, method: Method, samples: Samples, progress: Progress) -> Result:
    """Score every episode with every head of the method and its baselines."""
    heads = {head: scores for scorer in (method, method.baselines) for head, scores in _scored(plan, scorer, samples, progress).items()}
    table = {name: _head(scores, plan) for name, scores in heads.items()}
    leading = next(iter(heads))
    episodes, way, _ = plan.support.shape
    return Result(
        "episodes",
        f"{leading} head: {_headline(table[leading], way)} over {counted(episodes, 'episode')}",
        table,
        Layout("episode", "accuracy", ("shot", "queries"), headline={"shot": plan.shots[0], "queries": BALANCED}),
        notes=tuple(_notes(plan)),
        facts={"way": way, "shots": list(plan.shots), "episodes": episodes, "differences": _differences(heads)},
        scan=pl.concat([_units(head, scores, plan) for head, scores in heads.items()]).lazy,
    )


def _scored(plan: EpisodesPlan, scorer: Scorer, samples: Samples, progress: Progress) -> dict[str, dict[Context, EpisodeScores]]:
    """Metrics by head and context. All queries of an episode are scored together, so that rows are embedded once per number of shots."""
    parts: dict[str, dict[Context, list[EpisodeScores]]] = defaultdict(lambda: defaultdict(list))
    ends = np.cumsum([queries.rows.shape[1] for queries in plan.queries_by.values()])
    for shot, tile in progress.over(list(_tiles(plan)), "episodes"):
        query = np.concatenate([queries.rows[tile] for queries in plan.queries_by.values()], axis=1)
        for head, scores in scorer.episodes(plan.support[tile, :, :shot], query, samples.load).items():
            if not np.isfinite(scores).all():
                raise Problem(f"The {head} head gives scores that are not finite in {shot}-shot episodes.")
            for (name, queries), own in zip(plan.queries_by.items(), np.split(scores, ends[:-1], axis=1), strict=True):
                target = queries.target[tile]
                parts[head][shot, name].append(EpisodeScores(episode_accuracy(own, target), episode_auroc(own, target)))
    order = [(shot, name) for name in plan.queries_by for shot in plan.shots]
    return {head: {context: _joined(tiles[context]) for context in order} for head, tiles in parts.items()}


def _tiles(plan: EpisodesPlan) -> Iterator[tuple[int, slice]]:
    """Numbers of shots and slices of episodes, which bound memory."""
    episodes, way, _ = plan.support.shape
    step = max(1, SCORES // (way * sum(queries.rows.shape[1] for queries in plan.queries_by.values())))
    for shot in plan.shots:
        for start in range(0, episodes, step):
            yield shot, slice(start, start + step)


def _joined(tiles: list[EpisodeScores]) -> EpisodeScores:
    auroc = [tile.auroc for tile in tiles if tile.auroc is not None]
    return EpisodeScores(np.concatenate([tile.accuracy for tile in tiles]), np.concatenate(auroc) if auroc else None)


def _head(scores: dict[Context, EpisodeScores], plan: EpisodesPlan) -> Head:
    """The accuracies of all contexts, followed by their AUROC if there are unknown classes."""
    metrics: Metrics = {}
    rows: list[Row] = []
    for (shot, queries), values in scores.items():
        estimates = {"accuracy": over_draws(values.accuracy.tolist(), "episode")}
        if values.auroc is not None:
            estimates["AUROC"] = over_draws(values.auroc.tolist(), "episode")
        counts = {"episodes": len(values.accuracy), "classes": plan.support.shape[1]}
        rows.append(Row({"shot": shot, "queries": queries}, counts, estimates, 1 / plan.support.shape[1]))
        suffix = "" if queries == BALANCED else f"_{queries}"
        metrics |= {f"{name}_{shot}_shot{suffix}": estimate for name, estimate in estimates.items()}
    return Head(dict(sorted(metrics.items(), key=lambda item: item[0].startswith("AUROC"))), tuple(rows))


def _headline(head: Head, way: int) -> str:
    """`5-way 1-shot 90.5% [90.1%, 90.9%], 5-shot 97.6% [97.4%, 97.8%]`."""
    of_balanced = [(row.context["shot"], row.metrics["accuracy"]) for row in head.rows if row.context["queries"] == BALANCED]
    return f"{way}-way " + ", ".join(f"{shot}-shot {accuracy}" for shot, accuracy in of_balanced)


def _units(head: str, scores: dict[Context, EpisodeScores], plan: EpisodesPlan) -> pl.DataFrame:
    """A table with one row per episode and context; with a column `auroc` if there are unknown classes."""
    names = _names(plan)
    kinds = pl.Enum(list(plan.queries_by))
    return pl.concat(
        [
            pl.DataFrame({"id": names, "group": names, "head": [head] * len(names), "value": values.accuracy}).with_columns(
                pl.lit(shot, pl.Int16).alias("shot"),
                pl.lit(queries, kinds).alias("queries"),
                *([] if values.auroc is None else [pl.Series("auroc", values.auroc)]),
            )
            for (shot, queries), values in scores.items()
        ]
    )


def _names(plan: EpisodesPlan) -> list[str]:
    """Ids of the episodes: a number, and a hash of the ids of support and queries, so that equal ids in two runs mean equal episodes."""
    parts = [plan.support.reshape(len(plan.support), -1), *(queries.rows for queries in plan.queries_by.values())]
    ids = plan.groups[np.concatenate(parts, axis=1)]
    hashes = (hashlib.blake2b("\n".join(samples).encode(), digest_size=4).hexdigest() for samples in ids.tolist())
    return [f"episode-{number:05d}-{digest}" for number, digest in enumerate(hashes)]


def _differences(heads: dict[str, dict[Context, EpisodeScores]]) -> list[dict[str, Any]]:
    """Paired differences in accuracy between the leading head and each other head, by context."""
    leading, *others = heads
    facts: list[dict[str, Any]] = []
    for other in others:
        for (shot, queries), scores in heads[leading].items():
            first = heads[other][shot, queries].accuracy
            difference = differences_over_draws(first, scores.accuracy, paired=True, what="episode")
            facts.append({"head": leading, "against": other, "shot": shot, "queries": queries, **asdict(difference)})
    return facts


def _notes(plan: EpisodesPlan) -> list[str]:
    """Notes on how the episodes were sampled, followed by those of the protocol."""
    balanced = plan.queries_by[BALANCED]
    unknown = int((balanced.target[0] < 0).sum())
    episode = f"Each episode has {plan.support.shape[1]} classes and {counted(balanced.rows.shape[1] - unknown, 'query')} of them"
    classes = len(np.unique(plan.classes))
    return [
        f"{episode}, and {unknown} of unknown classes, which count only in AUROC." if unknown else f"{episode}.",
        *(["Smaller supports are subsets of the largest one, in the same episodes."] if len(plan.shots) > 1 else []),
        *(
            ["'dirichlet': the same number of queries, in proportions from a Dirichlet distribution (Veilleux et al. 2021)."]
            if len(plan.queries_by) > 1
            else []
        ),
        f"Intervals are over episodes from {classes} test classes and {len(plan.queries)} rows; they do not cover variation over classes.",
        *plan.notes,
    ]
