"""Metrics of methods for noisy labels: precision and recall of sample selection, accuracy of pseudo-labels.

Samples are assumed independent. How well a score separates wrong labels from right ones: `roc.py`.
"""

from __future__ import annotations

import math

import numpy as np
import numpy.typing as npt

from scratchlab.metrics.estimate import Estimate, undefined
from scratchlab.metrics.roc import Z

Flags = npt.NDArray[np.bool_]
Labels = npt.NDArray[np.int64]


def share(hits: Flags, what: str) -> Estimate:
    """Fraction of `hits` `[n]` that are true, with the score interval of Wilson (1927), JASA 22:209. what: name of the n samples.

    With p = k/n and z = 1.96: (p + z²/2n ± z·sqrt(p(1-p)/n + z²/4n²)) / (1 + z²/n), inside [0, 1] also for p of 0 and 1.

    >>> share(np.array([True, True, True, False]), "selected samples").value
    0.75
    """
    n = len(hits)
    if n == 0:
        return undefined(f"there are no {what}")
    p, z = float(hits.mean()), Z * Z / n
    centre, half = p + z / 2, math.sqrt(z * (p * (1 - p) + z / 4))
    return Estimate(p, max(0.0, (centre - half) / (1 + z)), min(1.0, (centre + half) / (1 + z)), n, f"over {n} {what}, Wilson's interval")


def selection(selected: Flags, wrong: Flags) -> dict[str, Estimate]:
    """Precision and recall of a selection of samples `[n]` that should have right labels; wrong: `[n]`, whether the given label is wrong.

    Source: Han et al. (2018), "Co-teaching", arXiv 1804.06872, section 4, who call precision "label precision".
    """
    return {
        "selection_precision": share(~wrong[selected], "selected samples"),
        "selection_recall": share(selected[~wrong], "samples with right labels"),
    }


def pseudo_labels(pseudo: Labels, true: Labels, wrong: Flags) -> dict[str, Estimate]:
    """Accuracy of pseudo-labels `[n]`, which replace the given labels, against the true labels `[n]`: over all samples; `corrected`, over
    those whose given label is wrong; `kept`, over those whose given label is right. The given labels have accuracy 1 - noise rate.
    """
    right = pseudo == true
    return {
        "pseudo_label_accuracy": share(right, "pseudo-labels"),
        "pseudo_label_corrected": share(right[wrong], "samples with wrong labels"),
        "pseudo_label_kept": share(right[~wrong], "samples with right labels"),
    }
