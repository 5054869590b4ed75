"""Two-dimensional maps (t-SNE) of embeddings of the same queries, aligned with each other."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, cast

import numpy as np
import numpy.typing as npt

from scratchlab.metrics.embedding import knn_accuracy, trustworthiness
from scratchlab.metrics.estimate import Estimate

Points = npt.NDArray[np.float64]
Rows = npt.NDArray[np.int64]

MOST = 2000  # points on a map at most: still readable, and computed within a minute
FEWEST = 12  # points on a map at least; with fewer, neighbourhoods of 5 are not meaningful


@dataclass(frozen=True)
class Map:
    """One map: positions `[n, 2]`, k-nearest-neighbour accuracy in the embedding and on the map, and the map's trustworthiness."""

    places: Points
    knn: Estimate
    knn_map: Estimate
    trust: Estimate


def tsne_map(vectors: npt.NDArray[np.float32], labels: Rows, reference: Map | None = None) -> Map:
    """The map of vectors `[n, d]` with labels `[n]`; rotated and reflected to match `reference`, which keeps distances.

    Vectors are scaled to unit length first, so that distance depends only on the angle. t-SNE: van der Maaten & Hinton (2008), JMLR 9:2579;
    initialized with principal components, as Kobak & Berens (2019), Nature Communications 10:5416, advise, and with a fixed seed.
    """
    from sklearn.manifold import TSNE  # imported late, because it is slow

    lengths = np.linalg.norm(vectors.astype(np.float64), axis=1, keepdims=True)
    points: Points = vectors / np.where(lengths > 0, lengths, 1.0)
    perplexity = min(30.0, (len(points) - 1) / 3)
    init = "pca" if min(points.shape) >= 2 else "random"
    places: Points = np.asarray(cast(Any, TSNE)(init=init, perplexity=perplexity, random_state=0).fit_transform(points), dtype=np.float64)
    places -= places.mean(axis=0)
    if reference is not None:
        left, _, right = np.linalg.svd(places.T @ reference.places)  # orthogonal Procrustes: Schönemann (1966), Psychometrika 31:1
        places = places @ left @ right
    return Map(places, knn_accuracy(points, labels), knn_accuracy(places, labels), trustworthiness(points, places))
