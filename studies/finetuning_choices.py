"""How the settings of recipe keywords-finetuned were chosen: on its 20 base words and the speakers that are not in its test.

    python studies/finetuning_choices.py --root FOLDER_OF_ARABIC_SPEECH_COMMANDS

Each split draws 12 base and 8 new words from the base words, and 5 of the 18 speakers of training and validation for the queries. Accuracy
after both sessions on all 20 words, on base and on new words, over the splits. All rows have the same splits, shots and queries.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from rich.progress import track

from scratchlab import experiment
from scratchlab.analysis.crossed import over_results
from scratchlab.data.subset import subset
from scratchlab.learn.checkpoints import NullStore
from scratchlab.pipeline import assemble
from scratchlab.report import study
from scratchlab.report.markdown import percent, table
from scratchlab.result import Result
from scratchlab.sweeps import making
from scratchlab.types import Samples

RECIPE = "keywords-finetuned"
SPLIT = ["protocol.base=12", "protocol.way=4", "protocol.sessions=2", "protocol.order=seed", "protocol.test=0.28", "protocol.valid=0.0"]
ROWS = {
    "frozen": ["training.epochs=0"],
    "as in the recipe": list[str](),
    "class weights begin at random": ["loss.cross_entropy.imprint=false"],
    "the same, loss of the vector alone": ["loss.cross_entropy.imprint=false", "loss.cross_entropy.weights={cosine=1.0}"],
    "rate 1e-3": ["training.rate=1e-3"],
    "6 epochs": ["training.epochs=6"],
}
HEADS = {"cosine+dtw": "vector + DTW", "cosine+cka+dtw": "vector + CKA + DTW"}


def base_words(settings: list[str]) -> Samples:
    """The recordings of the base words by speakers who are not in the test; any of them may be in the test of a split."""
    pipeline = assemble(making.resolved(RECIPE, settings), NullStore())
    samples = pipeline.source.read()
    split = pipeline.protocol.plan(samples).split
    rows = np.sort(np.concatenate([split.train, split.valid]))
    return replace(subset(samples, rows), splits=np.full(len(rows), ""))


def main() -> None:
    parser = study.options(__doc__)
    parser.add_argument("--splits", type=int, default=4)
    parser.add_argument("--rows", nargs="+", default=[*ROWS], choices=ROWS)
    given = parser.parse_args()
    samples = base_words(making.shared(given))
    lines: list[list[str]] = []
    for row in given.rows:
        results: list[tuple[int, Result]] = []
        for seed in track(range(given.splits), row):
            recipe = making.resolved(RECIPE, [*making.shared(given), *SPLIT, *ROWS[row], f"seed={seed}"])
            pipeline = assemble(recipe, NullStore())
            results.append((seed, experiment.run(pipeline.method, samples, pipeline.protocol, seed=seed, progress=False)))
        accuracies = [[percent(over_results(results, head, part).mean()) for part in ("", "base", "new")] for head in HEADS]
        lines += [[row, name, *values] for name, values in zip(HEADS.values(), accuracies, strict=True)]
    study.publish(table(["", "by", "all words", "base words", "new words"], lines), given.page)


if __name__ == "__main__":
    study.run(main)
