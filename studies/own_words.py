"""What recipe `keywords-own` reaches on ten recordings a word: random words and speakers of two corpora, at the recipe's settings.

    python studies/own_words.py --fsdd FOLDER --arabic FOLDER [--page FILE.md]      (five minutes)

Each draw has six random words with ten recordings each, from two random speakers of fsdd or three of Arabic (where a speaker has four
recordings of a word); if the speakers are given, and test speakers are not in training, from three or five. Accuracy is on all six words
after both sessions, with Student's t intervals over the draws, which share recordings, so that the intervals are somewhat too narrow.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import replace

import numpy as np
from rich.progress import track

from scratchlab import experiment
from scratchlab.data.subset import subset
from scratchlab.learn.checkpoints import NullStore
from scratchlab.metrics.estimate import over_draws
from scratchlab.pipeline import assemble
from scratchlab.report import study
from scratchlab.report.markdown import table
from scratchlab.sweeps import making
from scratchlab.types import Samples

WORDS, CLIPS = 6, 10
CORPORA = {"fsdd": "fsdd", "arabic": "arabic_speech_commands"}
SPEAKERS = {"fsdd": {"same speakers": 2, "other speakers": 3}, "arabic": {"same speakers": 3, "other speakers": 5}}


def some_recordings(samples: Samples, speakers: int, seed: int, *, known: bool) -> Samples:
    """Ten recordings of each of six words, evenly from this many speakers (at most all); known: whether the speakers are given."""
    rng = np.random.default_rng(seed)
    column = samples.groups["speaker"]
    chosen = rng.permutation(np.unique(column))[:speakers]
    kept: list[int] = []
    for word in rng.permutation(len(samples.classes))[:WORDS]:
        own = [rng.permutation(np.flatnonzero((samples.labels == word) & (column == speaker))) for speaker in chosen]
        turns = [rows[turn] for turn in range(CLIPS) for rows in own if turn < len(rows)]
        kept += turns[:CLIPS]
    rows = np.sort(kept)
    ten = subset(samples, rows)
    return replace(ten, groups={"speaker": ten.groups["speaker"]} if known else {}, splits=np.full(len(rows), ""))


def accuracies(settings: Sequence[str], speakers: int, seed: int, *, known: bool) -> dict[str, float]:
    """Final accuracy by head."""
    pipeline = assemble(making.resolved("keywords-own", [*settings, f"seed={seed}"]), NullStore())
    samples = some_recordings(pipeline.source.read(), speakers, seed, known=known)
    result = experiment.run(pipeline.method, samples, pipeline.protocol, seed=seed, progress=False)
    return {name: head.metrics["final_accuracy"].value or 0.0 for name, head in result.heads.items()}


def main() -> None:
    parser = study.options(__doc__)
    for corpus in CORPORA:
        parser.add_argument(f"--{corpus}", required=True)
    parser.add_argument("--draws", type=int, default=20)
    given = parser.parse_args()
    rows: list[list[str]] = []
    for corpus, source in CORPORA.items():
        settings = [f"data.name={source}", "data.rate=16000", f"data.root={getattr(given, corpus)}", *making.shared(given)]
        for kind, speakers in SPEAKERS[corpus].items():
            by_head: dict[str, list[float]] = defaultdict(list)
            for seed in track(range(given.draws), f"{corpus}, {kind}"):
                for head, value in accuracies(settings, speakers, seed, known=kind == "other speakers").items():
                    by_head[head].append(value)
            rows += [[corpus, kind, head, str(over_draws(values))] for head, values in by_head.items()]
    study.publish(table(["corpus", "test", "head", "accuracy on all six words"], rows), given.page)


if __name__ == "__main__":
    study.run(main)
