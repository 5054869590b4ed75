"""What a pair amounts to, in sentences that the page and the terminal share."""

from __future__ import annotations

from scratchlab.analysis.pair import Clip, Pair
from scratchlab.checks import counted
from scratchlab.report.words import THIN, number
from scratchlab.types import Spectrogram, Waveform


def place(pair: Pair, value: float) -> str:
    """A place in an input: `0.32 s`, or `column 7`."""
    return f"{value:.2f}{THIN}s" if isinstance(pair.form, Waveform) else f"column {value:.1f}"


def size(pair: Pair, clip: Clip, steps: int) -> str:
    """How long an input is, and what became of it: `0.54 s, 55 frames, 28 steps`."""
    columns = counted(clip.features.shape[-1], "frame" if isinstance(pair.seen, Spectrogram) else "column")
    begin = f"{place(pair, pair.extent(clip))}, " if isinstance(pair.form, Waveform) else ""
    return f"{begin}{columns}, {counted(steps, 'step')}"


def alignment(pair: Pair) -> list[str]:
    """What DTW's path tells; or why there is none to speak of."""
    found = pair.pairing
    t, s = found.cosines.shape
    if t == s == 1:
        columns = counted(pair.a.features.shape[-1], "column")
        return [
            f"There is nothing to align: the encoder makes a single step of each input (of {columns} of A), so one cosine, "
            f"{number(float(found.cosines[0, 0]))}, is the whole matrix. Wider inputs, or an encoder that keeps more steps, have a path."
        ]
    mean, low, high = (number(float(x)) for x in (1 - found.costs.mean(), found.cosines.min(), found.cosines.max()))
    cosines = f"The {counted(len(found.path), 'pair')} of steps on DTW's path have a mean cosine of {mean}; of all {t} × {s} pairs, it lies"
    range_ = f"between {low} and {high}, {number(float(found.cosines.mean()))} on average."
    if found.plain:
        return [f"{'A' if t == 1 else 'B'} is a single step, so every step of the other is paired with it and there is nothing to choose."]
    where = found.path / [t - 1, s - 1]
    away = where[:, 1] - where[:, 0]
    most = int(abs(away).argmax())
    strays = (
        f"The path strays {abs(away[most]):.0%} of the length from the diagonal at most: there B is "
        f"{'further' if away[most] > 0 else 'less far'} than A."
        if abs(away[most]) >= 0.005
        else "The path is the diagonal."
    )
    limits = [f"It may stray {found.window:.0%} of the length (dtw.window)."] if found.window < 1 else []
    streams = [f"Steps are compared by the stream {found.stream} alone, as the recipe's DTW does."] if found.stream else []
    return [f"{cosines} {range_}", " ".join([strays, *limits]), *streams]


def meanings(pair: Pair) -> list[tuple[str, str]]:
    """The terms of the page."""
    steps = [
        ("Step", "One row of the matrix an encoder makes of an input; of t steps, each is shown as the t-th part of the input's length."),
        ("Path", "Dynamic time warping's best way through the matrix from the first steps to the last, each pair a step further in A, in B "
         "or in both (similarity/alignment.py, path). Best: the least sum of 1 − cosine."),
        ("Score of a step", "The mean cosine of a step of A with the steps of B that the path pairs it with."),
    ]  # fmt: skip
    return [
        *(steps if not pair.pairing.plain else []),
        ("Score", "What the similarity gives for A as the query and B as the reference, each alone: no class means, no fusion. Scales "
         "differ from one similarity to another; what an input has with itself says where the scale ends."),
        ("Reversed", "Both inputs with themselves and with their own steps backwards in time, on average. A similarity that hears order "
         "scores the reversal lower (similarity/reversal.py)."),
    ]  # fmt: skip
