"""Sentences about enrolled words: what they reach, what is wrong with their recordings, and what to record next."""

from __future__ import annotations

import re
from pathlib import Path

from scratchlab.checks import counted, listing
from scratchlab.inference.home import Home
from scratchlab.metrics.estimate import Estimate

FEW = 5  # recordings of a word, below which more are advised
MEANINGS = {
    "Recognised": "Share of recordings that are answered with their word, when each is left out of what it is compared with; one that "
    "scores below the threshold is answered with “unknown”, and counts as lost.",
    "Accuracy": "The same without a threshold: share of recordings that are nearest to their own word.",
    "False acceptance": "Share of unknown sounds that are taken for a word. Unknown are the recordings of each word with that word left "
    "out, and the sounds of --others. The threshold that judges them is chosen without them.",
    "False alarms": "Events an hour of the sounds of --others in which a word would be heard; frames at most a second apart are one event.",
    "Score": "Mean similarity to the recordings of a word, by dynamic time warping of embeddings; 0 would be equal sounds.",
}
NOTE = (
    "All of this is measured on the enrolled recordings. For other voices, rooms and microphones expect less, unless they are among "
    "the recordings."
)


def headline(home: Home) -> str:
    """`10 words from 50 recordings: 96.0% [90.0%, 100.0%] recognised, 98.0% nearest to their word`."""
    count = f"{counted(len(home.classes), 'word')} from {counted(len(home.recordings), 'recording')}"
    recognised, nearest = home.figures["recognised"], home.figures["accuracy"]
    if recognised.value is None or nearest.value is None:
        return f"{count}, not measured"
    return f"{count}: {recognised} recognised, {nearest.value:.1%} nearest to their word"


def figures(home: Home) -> list[tuple[str, str, str]]:
    """Name, value and kind of interval of each figure."""
    return [(name.replace("_", " "), _text(one), one.how if one.value is not None else "") for name, one in home.figures.items()]


def _text(estimate: Estimate) -> str:
    return str(estimate)


def remarks(home: Home) -> list[str]:
    """What is wrong with recordings and words, a sentence each."""
    of_files = [f"{file} {remark}." for file, remark in home.remarks]
    return of_files + [
        f"The words '{a}' and '{b}' are nearly the same to the embedder; choose another for one of them." for a, b in home.alike
    ]


def advice(home: Home) -> list[str]:
    """What to record next."""
    counts = {word: sum(one.word == word for one in home.recordings) for word in home.classes}
    few = [word for word, count in counts.items() if count < FEW]
    found: list[str] = []
    if few:
        found.append(f"Record {listing(few, 8)} until there are {FEW} recordings of each.")
    if suspects := sorted({home.recordings[number].word for number in home.suspicions}):
        found.append(f"Listen to the recordings of {listing(suspects, 8)} that are marked, and replace those that are wrong.")
    if not home.others:
        found.append("Give a folder of other speech and noise with --others, by which the threshold is chosen and judged better.")
    if home.others or not found:
        found.append("Add recordings by every voice and microphone that will be used: scratchlab enrol MORE --name FOLDER --add.")
    return found


def loss(home: Home) -> list[tuple[str, int, int]]:
    """Word, number of its recordings, and how many of them were taken for another word; the worst first."""
    right = home.scored.left_out.argmax(1) == home.scored.labels
    rows = [
        (word, int((home.labels == k).sum()), int((~right & home.scored.measurable)[home.labels == k].sum()))
        for k, word in enumerate(home.classes)
    ]
    return sorted(rows, key=lambda row: (-row[2], row[0]))


def short(file: str) -> str:
    """The last two parts of a path."""
    return "/".join(re.split(r"[/\\]", str(Path(file)))[-2:])
