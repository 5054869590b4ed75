"""Retrieval (re-identification): mean average precision, CMC and mINP of the probes, with intervals over identities."""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt
import polars as pl

from scratchlab.checks import counted
from scratchlab.data.batches import in_order
from scratchlab.data.protocols.retrieval import RetrievalPlan
from scratchlab.metrics.estimate import Estimate, over_groups, undefined
from scratchlab.metrics.ranking import Ranking, Retrieval, Rules
from scratchlab.result import Head, Layout, Metrics, Result, Row
from scratchlab.types import Inputs, Rows, Samples

if TYPE_CHECKING:
    from scratchlab.evaluation.interface import Progress
    from scratchlab.learn.methods.interface import Method, Scorer

TILE = 256  # probes whose similarities are in memory at once
RANKS = (1, 5, 10)
FEW = 60  # largest number of identities that tables may list
BLOCK = "identities, each with all its probes"


def evaluate(plan: RetrievalPlan, method: Method, samples: Samples, progress: Progress) -> Result:
    """Rank the gallery for every probe with every head of the method and its baselines."""
    probes, gallery = plan.split.query, plan.gallery
    junk = tuple(plan.junk.tolist())
    cameras = (None, None) if plan.cameras is None else (plan.cameras[probes], plan.cameras[gallery])
    rules = Rules(plan.same_camera, plan.ties, junk)
    ranking = Ranking(samples.labels[probes], samples.labels[gallery], *cameras, rules)
    ranked = {
        head: result for scorer in (method, method.baselines) for head, result in _ranked(ranking, plan, scorer, samples, progress).items()
    }
    leading, first = next(iter(ranked.items()))
    counts = {
        "probes": len(probes),
        "gallery": first.gallery,
        "identities": len(np.unique(samples.labels[probes])),
        "without_match": first.unmatched,
        "same_camera": int(first.ignored.sum()),
        "junk": len(gallery) - first.gallery,
        "distractors": int((~np.isin(samples.labels[gallery], [*samples.labels[probes], *junk])).sum()),
    }
    heads = {head: Head(metrics := _metrics(result, plan), (Row({}, counts, metrics),)) for head, result in ranked.items()}
    shown = np.unique(samples.labels[np.concatenate([probes, gallery])])
    return Result(
        "retrieval",
        f"{leading} head: {_headline(heads[leading], counts)}",
        heads,
        Layout("probe", "average precision", block=plan.block),
        {samples.classes[label]: "" for label in shown} if len(shown) <= FEW else {},
        (f"Rules: {rules}.", *_notes(counts), *plan.notes, *_shared_groups(samples, probes)),
        {"counts": counts, "rules": rules.named()},
        scan=pl.concat([_units(head, result, plan, samples) for head, result in ranked.items()]).lazy,
    )


def _ranked(ranking: Ranking, plan: RetrievalPlan, scorer: Scorer, samples: Samples, progress: Progress) -> dict[str, Retrieval]:
    """Rankings by head; only a tile of similarities is in memory at once."""
    queries, references = Inputs(plan.split.query, samples.load), Inputs(plan.gallery, samples.load)
    parts: dict[str, list[Retrieval]] = defaultdict(list)
    for positions in progress.over(list(in_order(len(queries), TILE)), "probes"):
        for tile, heads in scorer.pairwise(queries.some(positions), references):
            for head, similarities in heads.items():
                parts[head].append(ranking.rank(similarities, int(positions[0]) + tile.start, similarities=True))
    return {head: Retrieval.joined(results) for head, results in parts.items()}


def _metrics(ranked: Retrieval, plan: RetrievalPlan) -> Metrics:
    """Means over the probes with a match; ranks beyond the size of the gallery are omitted."""
    groups = plan.groups[plan.split.query[ranked.rows]]

    def mean(values: npt.NDArray[Any]) -> Estimate:
        return over_groups(values, groups, unit="identities", block=BLOCK) if len(values) else undefined("no probe has a match")

    ranks = {f"rank_{k}": mean(ranked.first <= k) for k in RANKS if k <= ranked.gallery}
    return {"mAP": mean(ranked.ap), **ranks, "mINP": mean(ranked.inp)}


def _headline(head: Head, counts: dict[str, int]) -> str:
    """`mAP 73.3% [68.9%, 77.7%], rank-1 98.8% [96.2%, 100.0%], 80 probes of 40 identities against 320 gallery rows`."""
    sizes = f"{counted(counts['probes'], 'probe')} of {counts['identities']} identities against {counted(counts['gallery'], 'gallery row')}"
    return f"mAP {head.metrics['mAP']}, rank-1 {head.metrics['rank_1']}, {sizes}"


def _notes(counts: dict[str, int]) -> list[str]:
    """Notes on excluded probes and ignored gallery rows."""
    missing = counts["without_match"]
    without = f"{missing} of {counted(counts['probes'], 'probe')} have no match in the gallery and are excluded from means."
    removed = f"{counts['same_camera']} pairs of a probe and a gallery row of its identity were ignored because of the same-camera rule."
    return [without if missing else "Every probe has a match in the gallery.", *([removed] if counts["same_camera"] else [])]


def _shared_groups(samples: Samples, probes: Rows) -> list[str]:
    """A note if groups, such as cameras or drawers, have probes of several identities, which resampling identities does not account for."""
    shared: list[str] = []
    for column, values in samples.groups.items():
        identities = pl.DataFrame({"group": values[probes], "identity": samples.labels[probes]}).group_by("group").n_unique()["identity"]
        if number := int((identities > 1).sum()):
            shared.append(f"{counted(number, 'value')} of '{column}'")
    if not shared:
        return []
    return [
        f"The probes of {' and of '.join(shared)} are of several identities. The intervals resample identities alone, so they do not show "
        f"how results vary with other values of {'these columns' if len(shared) > 1 else 'this column'}."
    ]


def _units(head: str, ranked: Retrieval, plan: RetrievalPlan, samples: Samples) -> pl.DataFrame:
    """A table with one row per matched probe: id, group, head, truth, answer (identity at rank 1), value (AP), inp, rank (first match)."""
    rows, names, kind = plan.split.query[ranked.rows], np.array(samples.classes), pl.Enum(samples.classes)
    return pl.DataFrame(
        {
            "id": samples.ids[rows],
            "group": plan.groups[rows],
            "head": [head] * len(rows),
            "truth": pl.Series(names[samples.labels[rows]], dtype=kind),
            "answer": pl.Series(names[samples.labels[plan.gallery[ranked.nearest]]], dtype=kind),
            "value": ranked.ap,
            "inp": ranked.inp,
            "rank": ranked.first,
        }
    )
