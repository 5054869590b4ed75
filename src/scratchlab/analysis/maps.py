"""Two embeddings of the same queries as two maps that can be looked at side by side."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, cast

import numpy as np
import numpy.typing as npt

from scratchlab.metrics.embedding import knn_accuracy, trustworthiness
from scratchlab.metrics.estimate import Estimate

Points = npt.NDArray[np.float64]
Rows = npt.NDArray[np.int64]

MOST = 2000  # points on a map: what a person can see and a minute can compute
FEWEST = 12  # below this, neighbourhoods of 5 mean nothing


@dataclass(frozen=True)
class Map:
    """One embedding: places on the map `[n, 2]`, its trustworthiness, and the k-nearest-neighbour accuracy before and after mapping."""

    places: Points
    knn: Estimate
    knn_map: Estimate
    trust: Estimate


def drawn(vectors: npt.NDArray[np.float32], labels: Rows, beside: Map | None = None) -> Map:
    """The map of vectors `[n, d]` of classes `[n]`; turned and mirrored to lie as `beside` does, which changes no distance.

    Vectors are scaled to unit length first, so that near means a small angle. t-SNE: van der Maaten & Hinton (2008), JMLR 9:2579; begun
    from the principal components, as Kobak & Berens (2019), Nature Communications 10:5416, advise, and with a fixed seed.
    """
    from sklearn.manifold import TSNE  # late: it is slow to import

    lengths = np.linalg.norm(vectors.astype(np.float64), axis=1, keepdims=True)
    points: Points = vectors / np.where(lengths > 0, lengths, 1.0)
    perplexity = min(30.0, (len(points) - 1) / 3)
    init = "pca" if min(points.shape) >= 2 else "random"
    places: Points = np.asarray(cast(Any, TSNE)(init=init, perplexity=perplexity, random_state=0).fit_transform(points), dtype=np.float64)
    places -= places.mean(axis=0)
    if beside is not None:
        left, _, right = np.linalg.svd(places.T @ beside.places)  # orthogonal Procrustes: Schönemann (1966), Psychometrika 31:1
        places = places @ left @ right
    return Map(places, knn_accuracy(points, labels), knn_accuracy(places, labels), trustworthiness(points, places))
