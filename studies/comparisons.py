"""Every comparison of one trained network: by the mean of a class's references or by each of them, alone and fused with the vector.

    python studies/comparisons.py --root FOLDER_OF_ARABIC_SPEECH_COMMANDS

The network is trained once a seed, by the vector; then all similarities answer for it, from the same shots: new words, chosen among all
words, after the last session. Fusions weigh both z-scores alike. Started again, it goes on where it was.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator

import numpy as np
import page
import torch
from counts import joined
from jobs import Job, common, finished, trainings
from keywords_grid import MATRIX
from page import percent, points, table

from scratchlab.experiment import Pipeline, reopened
from scratchlab.learn.references import block
from scratchlab.similarity.catalog import SIMILARITIES
from scratchlab.similarity.fusion import fused
from scratchlab.similarity.interface import Similarity
from scratchlab.types import Samples

EXEMPLARS = 20  # of a base class, where references are compared one by one
Cell = tuple[str, str]  # similarity, "mean" or "shots"
PLAIN: Cell = ("cosine", "mean")


def scored(bench: Pipeline, samples: Samples, similarity: Similarity) -> Iterator[torch.Tensor]:
    """For each draw the scores `[n, c]` of the last session's queries."""
    base = bench.protocol.base(samples)
    known = block(bench.embedder, similarity, base.view(samples).train, base.classes, EXEMPLARS)
    for draw in range(bench.protocol.draws):
        stages, found = list(bench.protocol.later(samples, draw)), [known]
        for before, stage in zip([base, *stages], stages, strict=False):
            new = stage.classes[~np.isin(stage.classes, before.classes)]
            found.append(block(bench.embedder, similarity, stage.view(samples).reference, new, EXEMPLARS))
        yield torch.cat([one.scores(bench.embedder, stages[-1].inputs(samples)) for one in found], 1)


def answered(bench: Pipeline, samples: Samples, scores: dict[Cell, list[torch.Tensor]]) -> dict[tuple[Cell, bool], np.ndarray]:
    """(comparison, whether fused with the vector) -> right answers and answers on new words, `[2, draws, groups]`."""
    base = bench.protocol.base(samples)
    stages = [list(bench.protocol.later(samples, draw))[-1] for draw in range(bench.protocol.draws)]
    names, group = np.unique(samples.grouped()[stages[0].query], return_inverse=True)
    found: dict[tuple[Cell, bool], list[np.ndarray]] = defaultdict(list)
    for draw, stage in enumerate(stages):
        truth = stage.truth(samples)
        new = ~np.isin(truth, base.classes)
        for cell, of in scores.items():
            for both in (False, True):
                values = fused([scores[PLAIN][draw], of[draw]], [1, 1]) if both else of[draw]
                right = stage.classes[values.argmax(1).numpy()] == truth
                counts = [np.bincount(group, weights=new * one, minlength=len(names)) for one in (right, np.ones(len(right)))]
                found[cell, both].append(np.stack(counts))
    return {key: np.stack(counts, axis=1) for key, counts in found.items()}


@torch.no_grad()
def main() -> None:
    """Trains what is missing, then compares."""
    asked = page.folded(page.of_runs(page.parser(__doc__, "keywords-arabic"))).parse_args()
    jobs = [Job(asked.recipe, (*MATRIX, *common(asked), "method.name=prototypes", *training)) for training in trainings(asked)]
    cells: list[Cell] = [(name, way) for name in SIMILARITIES for way in ("mean", "shots")]
    found: dict[tuple[Cell, bool], list[np.ndarray]] = defaultdict(list)
    for job, run in zip(jobs, finished(jobs, asked.runs, asked.workers), strict=True):
        bench = reopened(job.resolved(), run)
        samples = bench.source.read()
        scores = {cell: list(scored(bench, samples, SIMILARITIES[cell[0]](references=cell[1]))) for cell in cells}
        for key, counts in answered(bench, samples, scores).items():
            found[key].append(counts)
    answers = {key: joined([(right, answers) for right, answers in counts], len(asked.folds)) for key, counts in found.items()}
    plain = answers[PLAIN, False]
    rows = [
        [*cell, percent(answers[cell, False].share()), percent(answers[cell, True].share()), points(answers[cell, True].gain_over(plain))]
        for cell in sorted(cells, key=lambda cell: -(answers[cell, True].share().value or 0))
    ]
    text = table(["similarity", "references", "alone", "with the vector", "gain over the vector alone"], rows)
    page.leave(f"{text}\n95 % intervals: {plain.share().how}; gains are paired.\n", asked.page)


if __name__ == "__main__":
    page.spoken(main)
