"""Charts of enrolled words: the threshold, and which words are taken for which."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from scratchlab.analysis.confusion import Confusion
from scratchlab.inference import measuring
from scratchlab.inference.home import Home
from scratchlab.metrics.detection import detection_curve
from scratchlab.report.charts import Figure, ink, layout, title

POINTS = 200  # of a curve


def confused(home: Home) -> Confusion:
    """Which words the recordings were taken for, when left out."""
    return Confusion("left out", home.classes, measuring.confusions(home.scored))


def threshold(home: Home) -> Figure:
    """Recordings of the words that are answered rightly, and unknown sounds that are answered, over the threshold."""
    scored, unknown = home.scored, np.sort(home.scored.negatives.scores)
    right = scored.left_out.argmax(1) == scored.labels
    known = np.sort(np.where(right, scored.left_out.max(1, initial=-np.inf), -np.inf)[scored.measurable])
    both = np.concatenate([known[np.isfinite(known)], unknown])
    x: npt.NDArray[np.float64] = np.linspace(float(both.min()) - 0.02, float(both.max()) + 0.02, POINTS)
    lines = (
        ("recordings of the words, answered rightly", known, "head-1", "solid"),
        ("unknown sounds, answered", unknown, "head-2", "dash"),
    )
    data: list[Figure] = [
        {
            "x": x.round(4).tolist(),
            "y": (1 - np.searchsorted(values, x) / len(values)).round(4).tolist(),
            "mode": "lines",
            "name": name,
            "line": {"color": ink(colour), "width": 2.2, "dash": dash},
            "hovertemplate": f"{name}  %{{y:.1%}}<extra></extra>",
        }
        for name, values, colour, dash in lines
    ]
    line = {"color": ink("quiet"), "width": 1, "dash": "dot"}
    at = home.threshold
    return {
        "data": data,
        "layout": layout(
            320,
            hovermode="x unified",
            showlegend=True,
            shapes=[{"type": "line", "x0": at, "x1": at, "yref": "paper", "y0": 0, "y1": 1, "line": line}],
            annotations=[
                {
                    "x": at,
                    "y": 0.55,
                    "yref": "paper",
                    "yanchor": "middle",
                    "xanchor": "left",
                    "xshift": 5,
                    "showarrow": False,
                    "text": f"threshold {at:.3f}",
                }
            ],
            xaxis={"title": title("threshold"), "unifiedhovertitle": {"text": "threshold %{x}"}},
            yaxis={"tickformat": ".0%", "range": [0, 1.02]},
        ),
    }


def alarms(home: Home) -> Figure:
    """Misses against false alarms an hour of other sounds, over all thresholds."""
    scored = home.scored
    hours = len(scored.others) * scored.step_seconds / 3600
    curve = detection_curve(scored.others, scored.times, [], hours)
    right = (scored.left_out.argmax(1) == scored.labels)[scored.measurable]
    best = scored.left_out.max(1, initial=-np.inf)[scored.measurable]
    known = np.sort(best[right])
    missed = 1 - (len(known) - np.searchsorted(known, curve.thresholds)) / len(right)
    both = np.stack([curve.alarms_per_hour, missed])
    shown = np.flatnonzero(np.diff(both, axis=1, prepend=-1).any(0))  # where either changes
    data: Figure = {
        "x": curve.alarms_per_hour[shown].round(3).tolist(),
        "y": missed[shown].round(4).tolist(),
        "customdata": np.where(np.isfinite(curve.thresholds), curve.thresholds, 9.0)[shown].round(3).tolist(),
        "mode": "lines",
        "line": {"color": ink("head-1"), "width": 2.2, "shape": "hv"},
        "hovertemplate": "%{x:.2f} false alarms an hour, %{y:.1%} of recordings missed; threshold %{customdata}<extra></extra>",
    }
    own: Figure = {
        "x": [round(float(home.figures["false_alarms"].value or 0), 3)],
        "y": [round(1 - float(home.figures["recognised"].value or 0), 4)],
        "mode": "markers",
        "marker": {"color": ink("head-2"), "size": 9},
        "hovertemplate": "the threshold, chosen without what it is judged on<extra></extra>",
    }
    x = {"title": title("false alarms an hour"), "rangemode": "tozero", "range": [0, max(20.0, 3 * own["x"][0])]}
    return {"data": [data, own], "layout": layout(320, xaxis=x, yaxis={"tickformat": ".0%", "range": [0, 1.02], "title": title("missed")})}
