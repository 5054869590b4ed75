"""How far TEEN should move new classes, chosen without a test image: base classes of CIFAR-100 play new ones.

Run: python studies/cifar100_share.py --root FOLDER [--seeds 0 1 2] [-s training.epochs=100 ...]

Of the recipe's 60 base classes the first 45 are learned, and the other 15 come in 3 sessions of 5 shots. All images are of the publisher's
training part: a fifth of them is asked, the rest trains and chooses the epoch. One training a seed serves all shares, since TEEN trains
nothing of its own. Prints joint accuracies in the last session, means over seeds and draws.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import page
from jobs import Job, common
from page import table

from scratchlab.experiment import assemble
from scratchlab.learn.checkpoints import NullStore
from scratchlab.learn.methods.teen import TEEN
from scratchlab.metrics.sessions import session_metrics
from scratchlab.types import Batch, Rows, Samples

SHARES = (0.0, 0.1, 0.2, 0.3, 0.5, 0.7)
SETTINGS = ("method.name=teen", "protocol.base=45", "protocol.sessions=3", "protocol.test=0.2")


def training_part(samples: Samples) -> Samples:
    """The rows of the publisher's training part, without a split."""
    kept = np.flatnonzero(samples.splits == "train")

    def load(rows: Rows) -> Batch:
        return samples.load(kept[rows])

    none = np.full(len(kept), "")
    return replace(samples, ids=samples.ids[kept], labels=samples.labels[kept], groups={}, splits=none, load=load)


def tried(recipe: str, settings: list[str]) -> dict[float, list[tuple[float, float, float]]]:
    """By share, for each draw the accuracy of all 60 classes, of the 45 and of the 15."""
    bench = assemble(Job(recipe, (*settings, *SETTINGS)).resolved(), NullStore())
    bench.trainer.settings.settle()
    samples = training_part(bench.source.read())
    base = bench.protocol.base(samples)
    bench.method.learn(base.view(samples))
    found: dict[float, list[tuple[float, float, float]]] = {}
    for share in SHARES:
        for draw in range(bench.protocol.draws):
            learner, stages = bench.method.branch(), list(bench.protocol.later(samples, draw))
            assert isinstance(learner, TEEN)
            learner.share = share
            for stage in stages:
                learner.learn(stage.view(samples))
            scores = next(iter(learner.score(stages[-1].inputs(samples)).values()))
            measured = session_metrics(scores.predicted(), stages[-1].truth(samples), base.classes)
            found.setdefault(share, []).append((measured.accuracy, measured.base or 0.0, measured.new or 0.0))
    return found


def main() -> None:
    """Trains once a seed, and prints."""
    asked = page.parser(__doc__, "cifar100").parse_args()
    all_seeds = [tried(asked.recipe, [*common(asked), f"seed={seed}"]) for seed in asked.seeds]
    rows: list[list[str]] = []
    for share in SHARES:
        means = np.array([one[share] for one in all_seeds]).mean((0, 1))
        rows.append([f"{share:g}", *(f"{100 * mean:.1f}" for mean in means)])
    page.leave(table(["share", "all 60 classes", "45 learned", "15 that play new"], rows), asked.page)


if __name__ == "__main__":
    page.spoken(main)
