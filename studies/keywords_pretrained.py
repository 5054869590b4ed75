"""Keywords by a pretrained speech embedding: frozen, whitened and fine-tuned, beside a network trained from scratch and log-mel features.

    python studies/keywords_pretrained.py --root FOLDER_OF_ARABIC_SPEECH_COMMANDS

The protocol of all rows is that of recipe keywords-matrix. Prints two tables: accuracy after the last session on all words, on base words
and on new words, always among all words; and the gains on new words over BC-ResNet by vector and DTW, paired by seed, draw and speaker.
Started again, it resumes; only the rows of log-mel features are computed each time.
"""

from __future__ import annotations

import argparse

import torch
from torch import Tensor, nn

from scratchlab import experiment, methods
from scratchlab.analysis.crossed import Crossed, over_results
from scratchlab.checks import Problem
from scratchlab.learn.checkpoints import NullStore
from scratchlab.models.interface import Encoder
from scratchlab.pipeline import assemble
from scratchlab.report import study
from scratchlab.report.markdown import percent, points, table
from scratchlab.result import LINEAR, Result
from scratchlab.store.run import Run
from scratchlab.sweeps import making
from scratchlab.types import Embeddings

VECTOR, DTW, BOTH, ALL = "cosine", "dtw", "cosine+dtw", "cosine+cka+dtw"
HEADS = {VECTOR: "vector", DTW: "DTW", BOTH: "vector + DTW", ALL: "vector + CKA + DTW", LINEAR: "linear classifier"}
SCRATCH, PRETRAINED, FINETUNED = "keywords-matrix", "keywords-pretrained", "keywords-finetuned"
UNWHITENED = "whitening.name=none"
FEATURES = "log-mel features"
ROWS: dict[str, dict[str, list[str]]] = {  # by recipe: rows and their settings
    SCRATCH: {"BC-ResNet-1, untrained": ["training.epochs=0"], "BC-ResNet-1, trained": ["training.epochs=60"]},
    PRETRAINED: {"pretrained": [UNWHITENED], "pretrained, whitened": []},
    FINETUNED: {"fine-tuned, whitened": []},
}
BASELINE = "BC-ResNet-1, trained", BOTH
PARTS = {"all words": "", "base words": "base", "new words": "new"}


class Bands(Encoder):
    """The bands of the features as they are: each column is a step."""

    def __init__(self, bands: int) -> None:
        super().__init__()
        self.dim = self.channels = bands
        self.none = nn.Parameter(torch.empty(0))  # an embedder is where the parameters of its encoder are

    def forward(self, features: Tensor, lengths: Tensor) -> Embeddings:
        """Embeddings of features `[n, 1, bands, columns]`."""
        return Embeddings.of(features[:, 0].transpose(1, 2), lengths)


def of_features(given: argparse.Namespace, seed: int) -> Result:
    """Whitened log-mel features of the baseline's front-end, by the similarities of the pretrained embedding."""
    scratch = assemble(making.resolved(SCRATCH, [*making.shared(given), f"seed={seed}"]), NullStore())
    compared = making.resolved(PRETRAINED, []).values
    frontend, parts = scratch.embedder.frontend, {name: compared[name] for name in ("whitening", "similarity", "scoring", "training")}
    method = methods.Prototypes(Bands(40), frontend=frontend, temporal={"pool": 4}, **parts)
    return experiment.run(method, scratch.source.read(), scratch.protocol, seed=seed)


def of_runs(given: argparse.Namespace) -> dict[str, list[tuple[int, Run]]]:
    """The runs of each row with their seeds. Fine-tuned embeddings without whitening are those of the runs with whitening."""
    runs: dict[str, list[Run]] = {}
    for given.recipe, rows in ROWS.items():
        runs |= making.runs_of(given, rows)
    given.recipe, seeds = PRETRAINED, given.seeds
    found = {row: list(zip(seeds, of_row, strict=True)) for row, of_row in runs.items()}
    for seed, run in found["fine-tuned, whitened"]:
        given.seeds = [seed]
        (again,) = making.runs_of(given, {"": [UNWHITENED, f"training.init_from={run.folder}"]})[""]
        found.setdefault("fine-tuned", []).append((seed, again))
    given.seeds = seeds
    return found


def main() -> None:
    given = making.of_recipe(__doc__, SCRATCH).parse_args()
    if given.recipe != SCRATCH or given.folds != [""]:
        raise Problem("The rows of this study have recipes of their own, and no folds; leave out --recipe and --folds.")
    features = [(seed, of_features(given, seed)) for seed in given.seeds]
    runs = {row: [(seed, finished(run)) for seed, run in of_row] for row, of_row in of_runs(given).items()}
    study.publish("\n".join(tables({FEATURES: features, **runs})), given.page)


def finished(run: Run) -> Result:
    """The result of a finished run."""
    result = run.result()
    assert result
    return result


def tables(rows: dict[str, list[tuple[int, Result]]]) -> list[str]:
    """The page: the accuracies of each row and head, and the gains over the baseline."""
    cells = [(row, head) for row, results in rows.items() for head in HEADS if head in results[0][1].heads]
    shown = [cell for cell in cells if cell[1] != LINEAR or cell[0] == FEATURES]  # each result has it

    def values(cell: tuple[str, str], part: str) -> Crossed:
        return over_results(rows[cell[0]], cell[1], part)

    accuracies = [[row, HEADS[head], *(percent(values((row, head), part).mean()) for part in PARTS.values())] for row, head in shown]
    new = values(BASELINE, "new")
    gains = [[row, HEADS[head], points(values((row, head), "new").gain_over(new))] for row, head in shown if (row, head) != BASELINE]
    return [
        "Accuracy after the last session, in percent; base and new words are classified among all words.\n",
        table(["", "by", *PARTS], accuracies),
        f"Gains on new words over {BASELINE[0]}, {HEADS[BASELINE[1]]}, in percentage points.\n",
        table(["", "by", "gain"], gains),
        f"95 % intervals: {new.mean().how}; gains are paired.",
    ]


if __name__ == "__main__":
    study.run(main)
