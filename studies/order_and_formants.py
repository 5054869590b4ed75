"""Five claims about matrix embeddings and linear prediction, each tested on real words.

    python studies/order_and_formants.py --root FOLDER_OF_ARABIC_SPEECH_COMMANDS -s training.epochs=40 --seeds 0 1

1. CKA is insensitive to order: it recognises words reversed in time.           (the queries' steps reversed)
2. One-to-one matching fails at another pace, alignment does not.              (the queries' steps resampled)
3. The element-wise product works for a trained classifier and fails for class means.
4. The residual of linear prediction alone is weak.                            (training and test on one stream of three)
5. A higher order removes voiced information from the residual.                (accuracy by residual alone, order 8 to 128)

Prints one table per claim. Started again, it resumes.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import polars as pl
import torch

from scratchlab.analysis.crossed import over_runs, tabulate
from scratchlab.learn.references import References, embedded
from scratchlab.report import study
from scratchlab.report.markdown import percent, points, table
from scratchlab.similarity.sequences import resampled, reversed_steps
from scratchlab.store.run import Run
from scratchlab.sweeps import making
from scratchlab.types import Embeddings

HEADS = ("cosine", "cka", "chamfer", "one_to_one", "dtw")
PLAIN, BACKWARDS, PACES = "as it is", "backwards", {f"pace {pace:g}": pace for pace in (0.7, 0.85, 1.2, 1.4)}
STREAMS, ORDERS = ("speech", "envelope", "residual"), {f"order {n}": n for n in (8, 16, 32, 64, 128)}
MATRIX, BASE = ("temporal.pool=4", "temporal.centre=true"), {"session": 0}
RUNS: dict[str, tuple[str, ...]] = {
    "compared": (*MATRIX, *(f"similarity.{head}={{}}" for head in HEADS)),
    "product": (*MATRIX, "similarity.product={}", "loss.cross_entropy={temperature=1.0}"),
    **{stream: ("frontend.name=lpc", f"frontend.streams=['{stream}']") for stream in STREAMS},
    **{name: ("frontend.name=lpc", "frontend.streams=['residual']", f"frontend.order={n}") for name, n in ORDERS.items()},
}


def changed(made: Embeddings, change: str) -> Embeddings:
    """The embeddings with their steps reversed, or resampled to another number of steps."""
    if change not in PACES:
        return reversed_steps(made) if change == BACKWARDS else made
    steps = max(1, round(made.matrix.shape[1] / PACES[change]))
    return Embeddings(made.vector, resampled(made, steps), torch.full_like(made.lengths, steps), made.streams)


@torch.no_grad()
def answers(run: Run) -> Iterator[pl.DataFrame]:
    """For each similarity and change, one row per base word of an unseen speaker: whether class means recognise it."""
    pipeline = making.trained_pipeline(run)
    samples = pipeline.source.read()
    plan = pipeline.protocol.plan(samples)
    for head, similarity in pipeline.similarities.items():
        references = References.of(pipeline.embedder, similarity, plan.split.view(samples).train, plan.split.classes, limit=20)
        queries = embedded(pipeline.embedder, plan.split.inputs(samples), similarity)
        for change in (PLAIN, BACKWARDS, *PACES):
            right = plan.split.classes[references.compare(changed(queries, change)).argmax(1).numpy()] == plan.split.truth(samples)
            units = pl.DataFrame({"value": right.astype(float), "group": plan.groups[plan.split.query]})
            yield units.with_columns(head=pl.lit(head), change=pl.lit(change), seed=pl.lit(run.recipe()["seed"]))


def order_and_pace(runs: Sequence[Run]) -> list[str]:
    """Claims 1 and 2."""
    changes, units = [BACKWARDS, *PACES], pl.concat(one for run in runs for one in answers(run))
    axes = {"seed": "seeds", "group": "groups of queries"}
    cells = {key: tabulate(of, axes) for key, of in units.group_by("head", "change", maintain_order=True)}
    lost = [[head, *(points(cells[head, one].gain_over(cells[head, PLAIN])) for one in changes)] for head in HEADS]
    return [
        "## 1 and 2. Order and pace\n\nAccuracy on base words of unseen speakers in percent; the embeddings of queries are changed.\n",
        table(
            ["comparison", PLAIN, *changes], [[head, *(percent(cells[head, one].mean()) for one in (PLAIN, *changes))] for head in HEADS]
        ),
        "Change in percentage points:\n",
        table(["comparison", *changes], lost),
    ]


def main() -> None:
    given = making.of_recipe(__doc__, "keywords-arabic").parse_args()
    runs = making.runs_of(given, RUNS)
    product = [percent(over_runs(runs["product"], head, context=BASE).mean()) for head in ("trained", "product")]
    words = {
        row: [percent(over_runs(of, "cosine", context=BASE).mean()), percent(over_runs(of, "cosine", "new").mean())]
        for row, of in runs.items()
        if row not in ("compared", "product")
    }
    header = ["", "base words", "new words after the last session"]
    parts = [
        *order_and_pace(runs["compared"]),
        "## 3. Element-wise product\n\nAccuracy on base words in percent.\n",
        table(["trained class matrices", "class means"], [product]),
        "## 4. One stream alone\n\nAccuracy in percent; order 16.\n",
        table(header, [[stream, *words[stream]] for stream in STREAMS]),
        "## 5. Residual alone, by order\n",
        table(header, [[str(n), *words[name]] for name, n in ORDERS.items()]),
    ]
    study.publish("\n".join(parts), given.page)


if __name__ == "__main__":
    study.run(main)
