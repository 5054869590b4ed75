"""Does `speech_mel` lose accuracy where its floor follows the last two seconds, as in a stream, instead of the whole clip?

    python studies/running_loudest.py --fsdd FOLDER --arabic FOLDER [--page FILE.md]      (two minutes of CPU)

All of fsdd, at most ten recordings of a word by a speaker, and the recordings of the 20 base words of recipe keywords-matrix by the
training speakers of Arabic. In each draw, half of the speakers give five shots of every word and the others the queries. Nothing is
trained: the pretrained speech embedding is compared by DTW, a class's score is the mean over its shots. Also prints the loudest values of
the clips, by which `SPEECH_DB` was chosen.
"""

from __future__ import annotations

from typing import get_args

import numpy as np
import torch
from rich.progress import track

from scratchlab.data.protocols.orders import by_count
from scratchlab.data.sources.arabic_speech_commands import ArabicSpeechCommands
from scratchlab.data.sources.fsdd import FSDD
from scratchlab.metrics.estimate import over_draws
from scratchlab.models.encoders.speech_embedding import SpeechEmbedding
from scratchlab.models.frontends.speech_mel import SPEECH_DB, Loudest, SpeechMel
from scratchlab.report import study
from scratchlab.report.markdown import table
from scratchlab.similarity.alignment import DTW
from scratchlab.types import Embeddings, Rows, Samples

BASE_WORDS, CLIPS, SHOTS, AT_ONCE = 20, 10, 5, 64
QUANTILES = (0.05, 0.25, 0.5, 0.75, 0.95)
GAINS = {"as recorded": 1.0, "20 dB quieter": 0.1}
KINDS = get_args(get_args(Loudest)[0])


def first_rows(samples: Samples, pool: Rows) -> Rows:
    """The first recordings of each word by each speaker."""
    cells = np.char.add(samples.groups["speaker"][pool], np.char.mod(" %d", samples.labels[pool]))
    return np.sort(np.concatenate([pool[cells == cell][:CLIPS] for cell in np.unique(cells)]))


def embedded(samples: Samples, rows: Rows, frontend: SpeechMel, gain: float) -> Embeddings:
    steps: list[torch.Tensor] = []
    encoder = SpeechEmbedding().eval()
    for start in track(range(0, len(rows), AT_ONCE), f"{len(rows)} clips, {frontend.loudest}"):
        batch = samples.load(rows[start : start + AT_ONCE])
        with torch.no_grad():
            part = encoder(*frontend(gain * torch.from_numpy(batch.values), torch.from_numpy(batch.lengths)))
        steps += [own[:length] for own, length in zip(part.matrix, part.lengths.tolist(), strict=True)]
    return Embeddings.of(torch.nn.utils.rnn.pad_sequence(steps, batch_first=True), torch.tensor([len(own) for own in steps]))


def some(embeddings: Embeddings, rows: Rows) -> Embeddings:
    return Embeddings(embeddings.vector[rows], embeddings.matrix[rows], embeddings.lengths[rows])


def accuracies(embeddings: Embeddings, labels: Rows, speakers: np.ndarray, draws: int) -> np.ndarray:
    """Accuracy in each draw of speakers and shots."""
    words, compare, found = np.unique(labels), DTW(window=0.3), []
    for seed in range(draws):
        rng = np.random.default_rng(seed)
        names = rng.permutation(np.unique(speakers))
        known = np.isin(speakers, names[: len(names) // 2])
        shots = np.concatenate([rng.choice(np.flatnonzero(known & (labels == word)), SHOTS, replace=False) for word in words])
        scores = compare(some(embeddings, np.flatnonzero(~known)), some(embeddings, shots))
        predicted = words[scores.view(len(scores), len(words), SHOTS).mean(2).argmax(1).numpy()]
        found.append(float((predicted == labels[~known]).mean()))
    return np.array(found)


def loudest_values(samples: Samples, rows: Rows) -> np.ndarray:
    """Decibels of the loudest value of each clip."""
    frontend = SpeechMel(pad_ms=0)
    clips = (samples.load(rows[i : i + 1]).values for i in range(len(rows)))
    return np.array([float(frontend.decibels(torch.from_numpy(clip)).amax()) for clip in clips])


def main() -> None:
    parser = study.options(__doc__)
    parser.add_argument("--fsdd", required=True)
    parser.add_argument("--arabic", required=True)
    parser.add_argument("--draws", type=int, default=20)
    given = parser.parse_args()
    fsdd, arabic = FSDD(root=given.fsdd, rate=16_000).read(), ArabicSpeechCommands(root=given.arabic).read()
    words = np.isin(arabic.labels, by_count(arabic)[:BASE_WORDS])
    corpora = {
        "fsdd": (fsdd, np.arange(len(fsdd))),
        "Arabic, base words, training speakers": (arabic, np.flatnonzero(words & (arabic.splits == "train"))),
    }
    levels: list[list[str]] = []
    found: list[list[str]] = []
    for corpus, (samples, pool) in corpora.items():
        levels.append([corpus, str(len(pool)), *(f"{value:.1f}" for value in np.quantile(loudest_values(samples, pool), QUANTILES))])
        rows = first_rows(samples, pool)
        for level, gain in GAINS.items():
            clip, running = (
                accuracies(
                    embedded(samples, rows, SpeechMel(loudest=kind), gain),
                    samples.labels[rows],
                    samples.groups["speaker"][rows],
                    given.draws,
                )
                for kind in KINDS
            )
            found.append([corpus, level, *map(str, (over_draws(clip), over_draws(running), over_draws(running - clip, within=(-1, 1))))])
    accuracy = table(["corpus", "level", "clip", "running", "difference"], found)
    loudest = table(["corpus", "clips", *(f"{quantile:.0%}" for quantile in QUANTILES)], levels)
    study.publish(f"{accuracy}\nDecibels of the clips' loudest values, quantiles; `SPEECH_DB` is {SPEECH_DB:g}:\n\n{loudest}", given.page)


if __name__ == "__main__":
    study.run(main)
