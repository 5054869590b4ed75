"""What does a comparison hear? Five claims about matrix embeddings and about linear prediction, each with its answer on real words.

    python studies/order_and_formants.py --root FOLDER_OF_ARABIC_SPEECH_COMMANDS -s training.epochs=40

1. CKA cannot see order: it takes words spoken backwards for the words.        (the queries' steps reversed)
2. One-to-one matching breaks on another pace, alignment does not.             (the queries' steps resampled)
3. The element-wise product fits a trained classifier and fails with class means in its place.
4. The residual of linear prediction alone is weak.                            (one stream of three to train and ask with)
5. A higher order moves voiced information out of the residual.                (accuracy by residual alone, order 8 to 128)

Prints one table a claim. Started again, it goes on where it was.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import page
import torch
from counts import Counts, Values, counted, joined
from jobs import Job, common, finished, trainings
from page import percent, points, table

from scratchlab.experiment import reopened
from scratchlab.learn.references import block, embedded
from scratchlab.similarity.sequences import resampled, reversed_steps
from scratchlab.store.run import Run
from scratchlab.types import Embeddings

HEADS = ("cosine", "cka", "chamfer", "one_to_one", "dtw")
PACES = (0.7, 0.85, 1.0, 1.2, 1.4)
ORDERS = (8, 16, 32, 64, 128)
STREAMS = ("speech", "envelope", "residual")
Change = Callable[[Embeddings], Embeddings]


def at_pace(pace: float) -> Change:
    """Embeddings with the same steps in another number of them."""

    def change(made: Embeddings) -> Embeddings:
        steps = max(1, round(made.matrix.shape[1] / pace))
        return Embeddings(made.vector, resampled(made, steps), torch.full_like(made.lengths, steps), made.streams)

    return change


@torch.no_grad()
def changed(runs: dict[Job, Run], folds: int, changes: dict[str, Change]) -> dict[tuple[str, str], Counts]:
    """Base words of unseen speakers, compared by each similarity after each change: (change, similarity) -> answers by seed and speaker."""
    found: dict[tuple[str, str], list[tuple[Values, Values]]] = {}
    for job, run in runs.items():
        bench = reopened(job.resolved(), run)
        embedder, samples = bench.embedder, bench.source.read()
        base = bench.protocol.base(samples)
        truth, groups = base.truth(samples), samples.grouped()[base.query]
        names, group = np.unique(groups, return_inverse=True)
        for head, similarity in bench.similarities.items():
            references = block(embedder, similarity, base.view(samples).train, base.classes, most=20)
            queries = embedded(embedder, base.inputs(samples), similarity)
            for what, change in changes.items():
                right = base.classes[references.compare(change(queries)).argmax(1).numpy()] == truth
                counts = [np.bincount(group, weights=weights, minlength=len(names))[None] for weights in (right, np.ones(len(right)))]
                found.setdefault((what, head), []).append((counts[0], counts[1]))
    return {key: joined(counts, folds) for key, counts in found.items()}


def main() -> None:
    """Runs what is missing, then answers."""
    asked = page.folded(page.of_runs(page.parser(__doc__, "keywords-arabic"))).parse_args()
    folds, repeated = len(asked.folds), trainings(asked)
    matrix = ("temporal.pool=4", "temporal.centre=true")
    variants: dict[str, tuple[str, ...]] = {
        "heard": (*matrix, *(f"similarity.{head}={{}}" for head in HEADS)),
        "product": (*matrix, "similarity.product={}", "loss.cross_entropy={temperature=1.0}"),
        **{stream: ("frontend.name=lpc", f"frontend.streams=['{stream}']") for stream in STREAMS},
        **{f"order {n}": ("frontend.name=lpc", "frontend.streams=['residual']", f"frontend.order={n}") for n in ORDERS},
    }
    jobs = {name: [Job(asked.recipe, (*common(asked), *own, *training)) for training in repeated] for name, own in variants.items()}
    runs = dict(
        zip(
            jobs,
            _parted(finished([job for many in jobs.values() for job in many], asked.runs, asked.workers), len(repeated)),
            strict=True,
        )
    )
    heard = dict(zip(jobs["heard"], runs["heard"], strict=True))
    text = "\n".join([*_heard(heard, folds), *_product(runs["product"], folds), *_streams(runs, folds)])
    page.leave(text, asked.page)


def _parted(runs: list[Run], size: int) -> list[list[Run]]:
    return [runs[i : i + size] for i in range(0, len(runs), size)]


def _heard(runs: dict[Job, Run], folds: int) -> list[str]:
    """Claims 1 and 2."""
    changes: dict[str, Change] = {
        "as it is": lambda made: made,
        "backwards": reversed_steps,
        **{f"pace {p:g}": at_pace(p) for p in PACES if p != 1},
    }
    found = changed(runs, folds, changes)
    rows = [[head, *(percent(found[what, head].share()) for what in changes)] for head in HEADS]
    lost = [[head, *(points(found[what, head].gain_over(found["as it is", head])) for what in list(changes)[1:])] for head in HEADS]
    return [
        "## 1 and 2. Order and pace\n\nBase words of unseen speakers in per cent, the queries changed after they were embedded.\n",
        table(["comparison", *changes], rows),
        "The same as points lost or gained:\n",
        table(["comparison", *list(changes)[1:]], lost),
    ]


def _product(runs: list[Run], folds: int) -> list[str]:
    """Claim 3."""
    shares = [percent(counted(runs, folds, head, "session 0").share()) for head in ("trained", "product")]
    return [
        "## 3. Element-wise product\n\nBase words in per cent.\n",
        table(["trained class matrices", "class means in their place"], [shares]),
    ]


def _streams(runs: dict[str, list[Run]], folds: int) -> list[str]:
    """Claims 4 and 5."""

    def row(name: str, called: str) -> list[str]:
        return [called, *(percent(counted(runs[name], folds, "cosine", which).share()) for which in ("session 0", "new"))]

    header = ["", "base words", "new words after the last session"]
    return [
        "## 4. One stream alone\n\nIn per cent; order 16.\n",
        table(header, [row(stream, stream) for stream in STREAMS]),
        "## 5. Residual alone, by order\n",
        table(header, [row(f"order {n}", str(n)) for n in ORDERS]),
    ]


if __name__ == "__main__":
    page.spoken(main)
