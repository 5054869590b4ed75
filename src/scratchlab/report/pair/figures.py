"""The chart of a pair: spectrogram and step scores of A above the matrix of cosines, B's spectrogram beside it, DTW's path drawn in."""

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

MOST = 200  # steps of either input that are drawn; neighbours are averaged beyond
LEFT, LOW, MIDDLE = 0.17, 0.60, 0.76  # where B's strip ends, the matrix ends and A's strip begins, as shares of the chart
QUIET, LOUD = 0.02, 0.998  # quantiles of both inputs' features that are drawn darkest and brightest

Depth = npt.NDArray[np.float64]


def depths(pair: Pair) -> tuple[list[Depth], list[Depth]]:
    """Features of A and of B by stream, `[rows, columns]` from 0 to 1 on one scale for both; low tones at the bottom. Of an image, the
    mean of its colours."""
    of_a: list[Depth] = []
    of_b: list[Depth] = []
    both = (pair.a.features, pair.b.features)
    for a, b in zip(*(both if isinstance(pair.seen, Spectrogram) else (x.mean(0, keepdims=True) for x in both)), strict=True):
        low, high = np.quantile(np.concatenate([a.ravel(), b.ravel()]).astype(np.float64), (QUIET, LOUD))
        for one, drawn in ((a, of_a), (b, of_b)):
            scaled = (one.astype(np.float64) - low) / max(float(high - low), 1e-9)
            drawn.append(scaled[::-1] if isinstance(pair.seen, Spectrogram) else scaled)
    return of_a, of_b


def alignment(pair: Pair) -> Figure:
    """Both axes are time (columns, of images) from first to last; all that stands above or beside the matrix shares its axes."""
    across, up = pair.extent(pair.a), pair.extent(pair.b)
    of_a, of_b = depths(pair)
    strips = [
        _image(pictures.seen(np.concatenate(of_a)), "x", "y3", across, 1.0),
        _image(pictures.seen(np.concatenate(of_b).T[::-1, ::-1]), "x2", "y", 1.0, up),
    ]
    bare: Figure = {"showticklabels": False, "showgrid": False, "range": [0, 1], "fixedrange": True, "zeroline": False, "ticks": ""}
    scores = pair.pairing.cosines
    low, high = float(scores.min()), float(scores.max())
    room = 0.05 * (high - low) or 0.05
    plain: Figure = {"showgrid": True, "gridcolor": ink("rule"), "zeroline": False, "fixedrange": True, "ticks": "", "nticks": 3}
    unit = " s" if isinstance(pair.form, Waveform) else ""
    counted = "" if unit else ", columns"
    whole = layout(
        660,
        images=strips,
        hovermode="closest",
        margin={"l": 8, "r": 8, "t": 8, "b": 44},
        xaxis={"domain": [LEFT, 1], "range": [0, across], "ticksuffix": unit, "nticks": 6, "title": title(f"A{counted}", 6), "anchor": "y"},
        yaxis={
            "domain": [0, LOW],
            "range": [0, up],
            "ticksuffix": unit,
            "nticks": 6,
            "showgrid": False,
            "anchor": "x2",
            "title": title(f"B{counted}", 6),
        },
    )
    whole |= {
        "xaxis2": {**bare, "domain": [0, LEFT - 0.015], "anchor": "y"},
        "yaxis2": {**plain, "domain": [LOW + 0.02, MIDDLE - 0.02], "range": [low - room, high + room], "anchor": "x"},
        "yaxis3": {**bare, "domain": [MIDDLE, 1], "anchor": "x"},
    }
    return {"data": [_matrix(pair), *_path(pair), *_along(pair)], "layout": whole}


def _image(source: str, x: str, y: str, wide: float, high: float) -> Figure:
    place = {"xref": x, "yref": y, "x": 0, "y": high, "sizex": wide, "sizey": high, "xanchor": "left", "yanchor": "top"}
    return {"source": source, "sizing": "stretch", "layer": "below", **place}


def _middles(pair: Pair, clip: Clip, steps: int) -> npt.NDArray[np.float64]:
    return (np.arange(steps) + 0.5) * pair.extent(clip) / steps


def _matrix(pair: Pair) -> Figure:
    """Columns of the chart are steps of A. Colours go by the angle: of encoders whose steps are never negative, most cosines are near 1."""
    t, s = pair.pairing.cosines.shape
    every, other = math.ceil(t / MOST), math.ceil(s / MOST)
    drawn = _thinned(_thinned(pair.pairing.cosines.astype(np.float64), every).T, other)
    angles = np.degrees(np.arccos(np.clip([pair.pairing.cosines.max(), pair.pairing.cosines.min()], -1, 1)))
    wide, high = (extent * each / steps for extent, each, steps in ((pair.extent(pair.a), every, t), (pair.extent(pair.b), other, s)))
    return {
        "type": "heatmap",
        "z": np.degrees(np.arccos(np.clip(drawn, -1, 1))).round(1).tolist(),
        "customdata": drawn.round(3).tolist(),
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


def _thinned(values: npt.NDArray[np.float64], every: int) -> npt.NDArray[np.float64]:
    """Means of so many rows that follow each other; the last may be of fewer."""
    return np.stack([values[begin : begin + every].mean(0) for begin in range(0, len(values), every)])


def _path(pair: Pair) -> list[Figure]:
    """The path in the middle of its steps, on a rim that parts it from the matrix."""
    found = pair.pairing
    t, s = found.cosines.shape
    x, y = _middles(pair, pair.a, t)[found.path[:, 0]], _middles(pair, pair.b, s)[found.path[:, 1]]
    told = [
        f"A {place(pair, i)}, B {place(pair, j)}: {number(1 - cost)}"
        for i, j, cost in zip(x.tolist(), y.tolist(), found.costs.tolist(), strict=True)
    ]
    line: Figure = {"x": x.round(4).tolist(), "y": y.round(4).tolist(), "mode": "lines"}
    return [
        {**line, "line": {"color": ink("paper"), "width": 5}, "hoverinfo": "skip"},
        {**line, "line": {"color": ink("head-2"), "width": 2.5}, "customdata": told, "hovertemplate": "%{customdata}<extra></extra>"},
    ]


def _along(pair: Pair) -> list[Figure]:
    """A stair over the whole of A: each step's score as wide as the step."""
    scores = pair.pairing.along.astype(np.float64).round(4).tolist()
    edges = np.linspace(0, pair.extent(pair.a), len(scores) + 1).round(4).tolist()
    told = [f"A {place(pair, edge)}: {number(score)}" for edge, score in zip(edges, scores, strict=False)]
    stair: dict[str, Any] = {"x": edges, "y": [*scores, scores[-1]], "xaxis": "x", "yaxis": "y2", "mode": "lines"}
    look: Figure = {"line": {"color": ink("head-2"), "width": 2, "shape": "hv"}, "customdata": [*told, told[-1]]}
    return [{**stair, **look, "hovertemplate": "%{customdata}<extra></extra>"}]
