"""The chart of a pair: the matrix of cosines with the DTW path; A's spectrogram and step scores above, B's spectrogram on the left."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import numpy.typing as npt

from scratchlab.analysis.pair import Clip, Pair
from scratchlab.report import pictures
from scratchlab.report.charts import Figure, ink, layout, title
from scratchlab.report.pair.words import number, place
from scratchlab.types import Spectrogram, Waveform

MOST = 200  # steps of either input at most; beyond, neighbouring steps are averaged
LEFT, LOW, MIDDLE = 0.17, 0.60, 0.76  # where B's strip ends, the matrix ends and A's strip begins, as fractions of the chart
QUIET, LOUD = 0.02, 0.998  # quantiles of both inputs' features that are the darkest and brightest colours

Levels = npt.NDArray[np.float64]


def feature_levels(pair: Pair) -> tuple[list[Levels], list[Levels]]:
    """Features of A and of B by stream, `[rows, columns]`, scaled to 0..1 on a common scale; low frequencies at the bottom. Of images, the
    mean over the channels."""
    of_a: list[Levels] = []
    of_b: list[Levels] = []
    features = (pair.a.features, pair.b.features)
    for a, b in zip(
        *(features if isinstance(pair.feature_form, Spectrogram) else (x.mean(0, keepdims=True) for x in features)), strict=True
    ):
        low, high = np.quantile(np.concatenate([a.ravel(), b.ravel()]).astype(np.float64), (QUIET, LOUD))
        for values, levels in ((a, of_a), (b, of_b)):
            scaled = (values.astype(np.float64) - low) / max(float(high - low), 1e-9)
            levels.append(scaled[::-1] if isinstance(pair.feature_form, Spectrogram) else scaled)
    return of_a, of_b


def alignment(pair: Pair) -> Figure:
    """The chart. Both axes are time (columns of images); the strips above and beside the matrix share its axes."""
    length_a, length_b = pair.extent(pair.a), pair.extent(pair.b)
    of_a, of_b = feature_levels(pair)
    strips = [
        _image(pictures.colour_png(np.concatenate(of_a)), "x", "y3", length_a, 1.0),
        _image(pictures.colour_png(np.concatenate(of_b).T[::-1, ::-1]), "x2", "y", 1.0, length_b),
    ]
    hidden: Figure = {"showticklabels": False, "showgrid": False, "range": [0, 1], "fixedrange": True, "zeroline": False, "ticks": ""}
    scores = pair.pairing.cosines
    low, high = float(scores.min()), float(scores.max())
    room = 0.05 * (high - low) or 0.05
    plain: Figure = {"showgrid": True, "gridcolor": ink("rule"), "zeroline": False, "fixedrange": True, "ticks": "", "nticks": 3}
    unit = " s" if isinstance(pair.form, Waveform) else ""
    suffix = "" if unit else ", columns"
    frame = layout(
        660,
        images=strips,
        hovermode="closest",
        margin={"l": 8, "r": 8, "t": 8, "b": 44},
        xaxis={
            "domain": [LEFT, 1],
            "range": [0, length_a],
            "ticksuffix": unit,
            "nticks": 6,
            "title": title(f"A{suffix}", 6),
            "anchor": "y",
        },
        yaxis={
            "domain": [0, LOW],
            "range": [0, length_b],
            "ticksuffix": unit,
            "nticks": 6,
            "showgrid": False,
            "anchor": "x2",
            "title": title(f"B{suffix}", 6),
        },
    )
    frame |= {
        "xaxis2": {**hidden, "domain": [0, LEFT - 0.015], "anchor": "y"},
        "yaxis2": {**plain, "domain": [LOW + 0.02, MIDDLE - 0.02], "range": [low - room, high + room], "anchor": "x"},
        "yaxis3": {**hidden, "domain": [MIDDLE, 1], "anchor": "x"},
    }
    return {"data": [_matrix(pair), *_path(pair), *_step_scores(pair)], "layout": frame}


def _image(source: str, x: str, y: str, wide: float, high: float) -> Figure:
    place = {"xref": x, "yref": y, "x": 0, "y": high, "sizex": wide, "sizey": high, "xanchor": "left", "yanchor": "top"}
    return {"source": source, "sizing": "stretch", "layer": "below", **place}


def _step_centres(pair: Pair, clip: Clip, steps: int) -> npt.NDArray[np.float64]:
    return (np.arange(steps) + 0.5) * pair.extent(clip) / steps


def _matrix(pair: Pair) -> Figure:
    """The heat map of cosines; columns are steps of A. Colours show the angle: with non-negative features most cosines are near 1."""
    t, s = pair.pairing.cosines.shape
    every, other = math.ceil(t / MOST), math.ceil(s / MOST)
    averaged = _averaged(_averaged(pair.pairing.cosines.astype(np.float64), every).T, other)
    angles = np.degrees(np.arccos(np.clip([pair.pairing.cosines.max(), pair.pairing.cosines.min()], -1, 1)))
    wide, high = (extent * each / steps for extent, each, steps in ((pair.extent(pair.a), every, t), (pair.extent(pair.b), other, s)))
    return {
        "type": "heatmap",
        "z": np.degrees(np.arccos(np.clip(averaged, -1, 1))).round(1).tolist(),
        "customdata": averaged.round(3).tolist(),
        "x0": wide / 2,
        "dx": wide,
        "y0": high / 2,
        "dy": high,
        "zmin": float(angles[0]),
        "zmax": float(angles[1]),
        "colorscale": [[0, ink("right-most")], [1, ink("right-least")]],
        "showscale": False,
        "hovertemplate": "A %{x:.2f}, B %{y:.2f}: cosine %{customdata:.3f}<extra></extra>",
    }


def _averaged(values: npt.NDArray[np.float64], every: int) -> npt.NDArray[np.float64]:
    """Means over blocks of `every` consecutive rows; the last block may be shorter."""
    return np.stack([values[begin : begin + every].mean(0) for begin in range(0, len(values), every)])


def _path(pair: Pair) -> list[Figure]:
    """The path through the centres of its steps, with an outline that separates it from the matrix."""
    pairing = pair.pairing
    t, s = pairing.cosines.shape
    x, y = _step_centres(pair, pair.a, t)[pairing.path[:, 0]], _step_centres(pair, pair.b, s)[pairing.path[:, 1]]
    tooltips = [
        f"A {place(pair, i)}, B {place(pair, j)}: {number(1 - cost)}"
        for i, j, cost in zip(x.tolist(), y.tolist(), pairing.costs.tolist(), strict=True)
    ]
    line: Figure = {"x": x.round(4).tolist(), "y": y.round(4).tolist(), "mode": "lines"}
    return [
        {**line, "line": {"color": ink("paper"), "width": 5}, "hoverinfo": "skip"},
        {**line, "line": {"color": ink("head-2"), "width": 2.5}, "customdata": tooltips, "hovertemplate": "%{customdata}<extra></extra>"},
    ]


def _step_scores(pair: Pair) -> list[Figure]:
    """A step function over A: each step's score, over the width of the step."""
    scores = pair.pairing.along.astype(np.float64).round(4).tolist()
    edges = np.linspace(0, pair.extent(pair.a), len(scores) + 1).round(4).tolist()
    tooltips = [f"A {place(pair, edge)}: {number(score)}" for edge, score in zip(edges, scores, strict=False)]
    stair: dict[str, Any] = {"x": edges, "y": [*scores, scores[-1]], "xaxis": "x", "yaxis": "y2", "mode": "lines"}
    look: Figure = {"line": {"color": ink("head-2"), "width": 2, "shape": "hv"}, "customdata": [*tooltips, tooltips[-1]]}
    return [{**stair, **look, "hovertemplate": "%{customdata}<extra></extra>"}]
