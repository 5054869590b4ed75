"""Few-shot episodes: accuracy over episodes for each size of support, with balanced and imbalanced queries, and AUROC of the unknown."""

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
from scratchlab.metrics.episodes import Values, episode_accuracy, episode_auroc, over_episodes
from scratchlab.metrics.estimate import Estimate
from scratchlab.metrics.paired import differences_over_draws
from scratchlab.result import Head, Layout, Metrics, Result, Row
from scratchlab.types import Samples

if TYPE_CHECKING:
    from scratchlab.evaluation.interface import Progress
    from scratchlab.learn.methods.interface import Method, Scorer

SCORES = 1 << 24  # scores of one head held at once
Context = tuple[int, str]  # shots, and how the queries are distributed over the classes


@dataclass(frozen=True)
class Answers:
    """One head in one context. accuracy: `[episode]`. auroc: `[episode]`, None where no query is of an unknown class."""

    accuracy: Values
    auroc: Values | None


def evaluate(plan: EpisodesPlan, method: Method, samples: Samples, progress: Progress) -> Result:
    """Scores every episode with every head."""
    heads = {head: answers for asker in (method, method.baselines) for head, answers in _asked(plan, asker, samples, progress).items()}
    table = {name: _head(answers, plan) for name, answers in heads.items()}
    leading = next(iter(heads))
    episodes, way, _ = plan.support.shape
    return Result(
        "episodes",
        f"{leading} head: {_headline(table[leading], way)} over {counted(episodes, 'episode')}",
        table,
        Layout("episode", "accuracy", ("shot", "queries"), headline={"shot": plan.shots[0], "queries": BALANCED}),
        notes=(*_notes(plan), *_at_chance(table, way)),
        facts={"way": way, "shots": list(plan.shots), "episodes": episodes, "differences": _differences(heads)},
        scan=pl.concat([_units(head, answers, plan) for head, answers in heads.items()]).lazy,
    )


def _asked(plan: EpisodesPlan, asker: Scorer, samples: Samples, progress: Progress) -> dict[str, dict[Context, Answers]]:
    """By head and context; all queries of an episode are scored together, so that rows are embedded once for each size of support."""
    found: dict[str, dict[Context, list[Answers]]] = defaultdict(lambda: defaultdict(list))
    ends = np.cumsum([queries.rows.shape[1] for queries in plan.queries_by.values()])
    for shot, tile in progress.over(list(_tiles(plan)), "episodes"):
        query = np.concatenate([queries.rows[tile] for queries in plan.queries_by.values()], axis=1)
        for head, scores in asker.episodes(plan.support[tile, :, :shot], query, samples.load).items():
            if not np.isfinite(scores).all():
                raise Problem(f"The {head} head gives scores that are not finite in {shot}-shot episodes.")
            for (name, queries), own in zip(plan.queries_by.items(), np.split(scores, ends[:-1], axis=1), strict=True):
                target = queries.target[tile]
                found[head][shot, name].append(Answers(episode_accuracy(own, target), episode_auroc(own, target)))
    order = [(shot, name) for name in plan.queries_by for shot in plan.shots]
    return {head: {context: _joined(tiles[context]) for context in order} for head, tiles in found.items()}


def _tiles(plan: EpisodesPlan) -> Iterator[tuple[int, slice]]:
    """Sizes of support and slices of episodes, so that memory is bounded."""
    episodes, way, _ = plan.support.shape
    step = max(1, SCORES // (way * sum(queries.rows.shape[1] for queries in plan.queries_by.values())))
    for shot in plan.shots:
        for start in range(0, episodes, step):
            yield shot, slice(start, start + step)


def _joined(tiles: list[Answers]) -> Answers:
    auroc = [one.auroc for one in tiles if one.auroc is not None]
    return Answers(np.concatenate([one.accuracy for one in tiles]), np.concatenate(auroc) if auroc else None)


def _head(answers: dict[Context, Answers], plan: EpisodesPlan) -> Head:
    """The accuracy of every context, then the AUROC of each where classes are unknown."""
    metrics: Metrics = {}
    rows: list[Row] = []
    for (shot, queries), one in answers.items():
        own = {"accuracy": over_episodes(one.accuracy), **({} if one.auroc is None else {"AUROC": over_episodes(one.auroc)})}
        counts = {"episodes": len(one.accuracy), "classes": plan.support.shape[1]}
        rows.append(Row({"shot": shot, "queries": queries}, counts, own))
        kind = "" if queries == BALANCED else f"_{queries}"
        metrics |= {f"{name}_{shot}_shot{kind}": estimate for name, estimate in own.items()}
    return Head(dict(sorted(metrics.items(), key=lambda item: item[0].startswith("AUROC"))), tuple(rows))


def _headline(head: Head, way: int) -> str:
    """`5-way 1-shot 90.5% [90.1%, 90.9%], 5-shot 97.6% [97.4%, 97.8%]`."""
    of_balanced = [(row.context["shot"], row.metrics["accuracy"]) for row in head.rows if row.context["queries"] == BALANCED]
    return f"{way}-way " + ", ".join(f"{shot}-shot {accuracy}" for shot, accuracy in of_balanced)


def _units(head: str, answers: dict[Context, Answers], plan: EpisodesPlan) -> pl.DataFrame:
    """One row an episode and context; `auroc` where classes are unknown."""
    names = _names(plan)
    kinds = pl.Enum(list(plan.queries_by))
    return pl.concat(
        [
            pl.DataFrame({"id": names, "group": names, "head": [head] * len(names), "value": one.accuracy}).with_columns(
                pl.lit(shot, pl.Int16).alias("shot"),
                pl.lit(queries, kinds).alias("queries"),
                *([] if one.auroc is None else [pl.Series("auroc", one.auroc)]),
            )
            for (shot, queries), one in answers.items()
        ]
    )


def _names(plan: EpisodesPlan) -> list[str]:
    """Ids of the episodes: their number, and a hash of the samples in support and queries, by which alone two runs know an episode as the
    same."""
    parts = [plan.support.reshape(len(plan.support), -1), *(queries.rows for queries in plan.queries_by.values())]
    ids = plan.groups[np.concatenate(parts, axis=1)]
    hashes = (hashlib.blake2b("\n".join(samples).encode(), digest_size=4).hexdigest() for samples in ids.tolist())
    return [f"episode-{number:05d}-{one}" for number, one in enumerate(hashes)]


def _differences(heads: dict[str, dict[Context, Answers]]) -> list[dict[str, Any]]:
    """What the leading head gains over each other one in the same episodes, by context."""
    leading, *others = heads
    return [
        {"head": leading, "against": other, "shot": shot, "queries": queries, **asdict(_difference(heads[other][shot, queries], answers))}
        for other in others
        for (shot, queries), answers in heads[leading].items()
    ]


def _difference(first: Answers, second: Answers) -> Estimate:
    """Mean paired difference in accuracy over episodes, second minus first, with its interval."""
    return differences_over_draws(first.accuracy, second.accuracy, paired=True, what="episode")


def _notes(plan: EpisodesPlan) -> list[str]:
    """How the episodes are made, then what the protocol has to say."""
    balanced = plan.queries_by[BALANCED]
    unknown = int((balanced.target[0] < 0).sum())
    whole = f"Each episode has {plan.support.shape[1]} classes and {counted(balanced.rows.shape[1] - unknown, 'query')} of them"
    classes = len(np.unique(plan.classes))
    return [
        f"{whole}, and {unknown} of unknown classes, which count in AUROC alone." if unknown else f"{whole}.",
        *(["A smaller support is the beginning of the largest, in the same episodes."] if len(plan.shots) > 1 else []),
        *(
            ["'dirichlet': as many queries, in proportions from a Dirichlet distribution (Veilleux et al. 2021)."]
            if len(plan.queries_by) > 1
            else []
        ),
        f"Intervals are over episodes drawn from {classes} test classes and {len(plan.queries)} rows; they tell nothing of other classes.",
        *plan.notes,
    ]


def _at_chance(heads: dict[str, Head], way: int) -> list[str]:
    """The results that cannot be told from guessing."""
    return [
        f"{name} head, {row.context['shot']}-shot, {row.context['queries']} queries: at chance level, 1/{way} lies in the interval."
        for name, head in heads.items()
        for row in head.rows
        if row.metrics["accuracy"].contains(1 / way)
    ]
