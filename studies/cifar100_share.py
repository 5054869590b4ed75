"""How far TEEN should move new classes, selected without test images: some base classes of CIFAR-100 serve as new ones.

    python studies/cifar100_share.py --root FOLDER [-s training.epochs=100 ...]      (half a minute a seed on 40 images a class)

Of the recipe's 60 base classes the first 45 are trained, and the other 15 arrive in 3 sessions of 5 shots. All images are from the
publisher's training part: a fifth of them are queries, the rest are for training and validation. One training per seed serves all shares,
because TEEN trains nothing of its own. Prints accuracies on all classes in the last session, averaged over seeds and draws.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import numpy.typing as npt

from scratchlab.data.protocols.sessions import SessionsPlan
from scratchlab.learn.checkpoints import NullStore
from scratchlab.learn.methods.teen import TEEN
from scratchlab.metrics.sessions import session_metrics
from scratchlab.pipeline import assemble
from scratchlab.report import study
from scratchlab.report.markdown import table
from scratchlab.sweeps import making
from scratchlab.types import Batch, Rows, Samples

SHARES = (0.0, 0.1, 0.2, 0.3, 0.5, 0.7)
SETTINGS = ("method.name=teen", "protocol.base=45", "protocol.sessions=3", "protocol.test=0.2")


def training_part(samples: Samples) -> Samples:
    """The samples of the publisher's training part, without a published split."""
    kept = np.flatnonzero(samples.splits == "train")

    def load(rows: Rows) -> Batch:
        return samples.load(kept[rows])

    none = np.full(len(kept), "")
    return replace(samples, ids=samples.ids[kept], labels=samples.labels[kept], groups={}, splits=none, load=load)


def accuracies(settings: Sequence[str]) -> npt.NDArray[np.float64]:
    """Accuracies `[shares, draws, 3]` on all 60 classes, on the 45 and on the 15."""
    pipeline = assemble(making.resolved("cifar100", [*SETTINGS, *settings]), NullStore())
    pipeline.trainer.settings.configure_process()
    samples = training_part(pipeline.source.read())
    plan = pipeline.protocol.plan(samples)
    assert isinstance(plan, SessionsPlan)
    pipeline.method.learn(plan.split.view(samples))
    measured_at = np.zeros((len(SHARES), len(plan.draws), 3))
    for (i, share), (draw, splits) in ((a, b) for a in enumerate(SHARES) for b in enumerate(plan.draws)):
        learner = pipeline.method.branch()
        assert isinstance(learner, TEEN)
        learner.share = share
        for split in splits:
            learner.learn(split.view(samples))
        scores = next(iter(learner.score(splits[-1].inputs(samples)).values()))
        measured = session_metrics(scores.predicted(), splits[-1].truth(samples), plan.split.classes)
        measured_at[i, draw] = measured.accuracy, measured.base, measured.new
    return measured_at


def main() -> None:
    parser = study.options(__doc__)
    parser.add_argument("--seeds", nargs="+", type=int, default=[0, 1, 2])
    given = parser.parse_args()
    means = np.mean([accuracies([*making.shared(given), f"seed={seed}"]) for seed in given.seeds], axis=(0, 2))
    rows = [[f"{share:g}", *(f"{100 * one:.1f}" for one in of)] for share, of in zip(SHARES, means, strict=True)]
    study.publish(table(["share", "all 60 classes", "45 learned", "15 that serve as new"], rows), given.page)


if __name__ == "__main__":
    study.run(main)
