"""Sentences about a pair of inputs, shared by page and terminal."""

from __future__ import annotations

from scratchlab.analysis.pair import Clip, Pair
from scratchlab.checks import counted
from scratchlab.report.words import THIN, number
from scratchlab.types import Spectrogram, Waveform


def place(pair: Pair, value: float) -> str:
    """A position in an input: `0.32 s`, or `column 7`."""
    return f"{value:.2f}{THIN}s" if isinstance(pair.form, Waveform) else f"column {value:.1f}"


def size(pair: Pair, clip: Clip, steps: int) -> str:
    """The length of an input, its frames and its steps: `0.54 s, 55 frames, 28 steps`."""
    columns = counted(clip.features.shape[-1], "frame" if isinstance(pair.feature_form, Spectrogram) else "column")
    length = f"{place(pair, pair.extent(clip))}, " if isinstance(pair.form, Waveform) else ""
    return f"{length}{columns}, {counted(steps, 'step')}"


def alignment(pair: Pair) -> list[str]:
    """Sentences about the DTW path, or why there is no alignment."""
    pairing = pair.pairing
    t, s = pairing.cosines.shape
    if t == s == 1:
        columns = counted(pair.a.features.shape[-1], "column")
        return [
            f"No alignment: the encoder produces a single step per input (from {columns} of A), so the matrix is one cosine, "
            f"{number(float(pairing.cosines[0, 0]))}. Longer inputs, or an encoder with less temporal pooling, give a path."
        ]
    mean, low, high = (number(float(x)) for x in (1 - pairing.costs.mean(), pairing.cosines.min(), pairing.cosines.max()))
    on_path = f"The {counted(len(pairing.path), 'pair')} of steps on the DTW path have a mean cosine of {mean};"
    overall = f"over all {t} × {s} pairs, cosines are between {low} and {high}, with mean {number(float(pairing.cosines.mean()))}."
    if pairing.plain:
        return [f"{'A' if t == 1 else 'B'} has a single step, with which every step of the other is paired, so there is no alignment."]
    where = pairing.path / [t - 1, s - 1]
    away = where[:, 1] - where[:, 0]
    most = int(abs(away).argmax())
    strays = (
        f"The path deviates from the diagonal by at most {abs(away[most]):.0%} of the length, where B is "
        f"{'ahead of' if away[most] > 0 else 'behind'} A."
        if abs(away[most]) >= 0.005
        else "The path is the diagonal."
    )
    limits = [f"The limit is {pairing.window:.0%} of the length (dtw.window)."] if pairing.window < 1 else []
    streams = [f"Steps are compared by the stream {pairing.stream} alone, as set in the recipe (dtw.stream)."] if pairing.stream else []
    return [f"{on_path} {overall}", " ".join([strays, *limits]), *streams]


def meanings(pair: Pair) -> list[tuple[str, str]]:
    """The terms of the page with their meanings."""
    steps = [
        ("Step", "One row of the encoder's output matrix; each of t steps is drawn with 1/t of the input's length."),
        ("Path", "The optimal path of dynamic time warping through the matrix, from the first steps to the last; each pair advances one "
         "step in A, in B or in both (similarity/alignment.py, path). Optimal: with the smallest sum of 1 − cosine."),
        ("Score of a step", "The mean cosine of a step of A with the steps of B paired with it by the path."),
    ]  # fmt: skip
    return [
        *(steps if not pair.pairing.plain else []),
        ("Score", "The similarity of A as the query and B as the reference, without class means or fusion. Scales differ between "
         "similarities; the score of an input with itself shows the upper end of the scale."),
        ("Reversed", "The mean score of both inputs with their own steps reversed in time, compared with their score with themselves. An "
         "order-sensitive similarity scores the reversal lower (similarity/reversal.py)."),
    ]  # fmt: skip
