"""Every similarity on one trained network: with class means or with single references, alone and fused with the vector.

    python studies/comparisons.py --root FOLDER_OF_ARABIC_SPEECH_COMMANDS -s training.epochs=60

The network is trained once per seed, by the vector (the first row of keywords_grid.py, whose runs are reused if they exist); then all
similarities classify with it, from the same shots: new words among all words, after the last session. Fusions give both z-scores equal
weight. Started again, it resumes.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import polars as pl
import torch
from keywords_grid import settings

from scratchlab.analysis.crossed import over_runs, tabulate
from scratchlab.data.protocols.sessions import SessionsPlan
from scratchlab.learn.references import References
from scratchlab.report import study
from scratchlab.report.markdown import percent, points, table
from scratchlab.similarity.catalog import SIMILARITIES
from scratchlab.similarity.fusion import fused
from scratchlab.store.run import Run
from scratchlab.sweeps import making

EXEMPLARS = 20  # references of a base class if they are compared one by one
PLAIN = ("cosine", "mean")
CELLS = [PLAIN, *((name, way) for name in SIMILARITIES for way in ("mean", "shots") if (name, way) != PLAIN)]


@torch.no_grad()
def answers(run: Run) -> Iterator[pl.DataFrame]:
    """For each similarity and draw, one row per query of a new class: whether it is classified correctly, alone and fused."""
    pipeline = making.trained_pipeline(run)
    samples = pipeline.source.read()
    plan = pipeline.protocol.plan(samples)
    assert isinstance(plan, SessionsPlan)
    last = plan.draws[0][-1]
    new = ~np.isin(last.truth(samples), plan.split.classes)
    vectors: dict[int, torch.Tensor] = {}
    for name, way in CELLS:
        similarity = SIMILARITIES[name](references=way)
        known = References.of(pipeline.embedder, similarity, plan.split.view(samples).train, plan.split.classes, EXEMPLARS)
        for draw, splits in enumerate(plan.draws):
            several, seen = [known], plan.split.classes
            for split in splits:
                own = split.classes[~np.isin(split.classes, seen)]
                several.append(References.of(pipeline.embedder, similarity, split.view(samples).reference, own, EXEMPLARS))
                seen = split.classes
            scores = torch.cat([one.scores(pipeline.embedder, splits[-1].inputs(samples)) for one in several], 1)
            vectors.setdefault(draw, scores)
            both = {"alone": scores, "fused": fused([vectors[draw], scores], [1, 1])}
            right = {how: last.classes[one.argmax(1).numpy()] == last.truth(samples) for how, one in both.items()}
            table = pl.DataFrame({**right, "group": plan.groups[last.query]}).filter(pl.Series(new))
            yield table.with_columns(pl.lit(name).alias("name"), pl.lit(way).alias("way"), seed=pl.lit(run.recipe()["seed"]), draw=draw)


def main() -> None:
    given = making.of_recipe(__doc__, "keywords-arabic").parse_args()
    (runs,) = making.runs_of(given, {"prototypes": settings("prototypes", 0)}).values()
    units = pl.concat(one for run in runs for one in answers(run))
    axes: dict[str, str] = dict(zip(("seed", "draw", "group"), over_runs(runs, "cosine", "new").levels, strict=True))
    crossed = {
        (name, way, how): tabulate(units.filter(name=name, way=way).with_columns(value=pl.col(how).cast(pl.Float64)), axes)
        for name, way in CELLS
        for how in ("alone", "fused")
    }
    plain = crossed[*PLAIN, "alone"]
    ordered = sorted(CELLS, key=lambda cell: -(crossed[*cell, "fused"].mean().value or 0))
    rows = [[*cell, *(percent(crossed[*cell, how].mean()) for how in ("alone", "fused"))] for cell in ordered]
    gains = [points(crossed[*cell, "fused"].gain_over(plain)) for cell in ordered]
    header = ["similarity", "references", "alone", "with the vector", "gain over the vector alone"]
    text = table(header, [[*row, gain] for row, gain in zip(rows, gains, strict=True)])
    study.publish(f"{text}\n95 % intervals: {plain.mean().how}; gains are paired.\n", given.page)


if __name__ == "__main__":
    study.run(main)
