"""Data that is in memory already."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, cast

import numpy as np
import numpy.typing as npt

from scratchlab.checks import Problem, as_array
from scratchlab.types import Batch, Floats, Image, Rows, Samples, Waveform


@dataclass(frozen=True)
class _InMemory:
    values: Floats
    lengths: Rows

    def load(self, rows: Rows) -> Batch:
        """The inputs of these rows, as long as the longest of them."""
        lengths = self.lengths[rows]
        return Batch(self.values[rows][..., : lengths.max(initial=1)], lengths)


def from_arrays(
    inputs: npt.ArrayLike,
    labels: Sequence[Any] | npt.ArrayLike,
    *,
    rate: int | None = None,
    lengths: npt.ArrayLike | None = None,
    groups: Mapping[str, Sequence[str] | npt.ArrayLike] | None = None,
    splits: Sequence[str] | npt.ArrayLike = (),
    ids: Sequence[str] | npt.ArrayLike = (),
) -> Samples:
    """Samples from arrays or tensors.

    inputs: waveforms `[n, samples]` with their `rate` in samples per second, or images `[n, channels, height, width]` with values in
    [0, 1]. labels: `[n]`, names or numbers; classes are their sorted values. lengths: `[n]` in samples, of waveforms that are padded.
    groups: columns `[n]` by name, such as "speaker"; no split cuts the first. splits: `[n]`, "train", "valid", "test" or "". ids: `[n]`,
    unique names; by default the row number. Raises Problem where shapes do not fit each other, or numbers are not finite.

    >>> samples = from_arrays(np.zeros((4, 1, 8, 8)), ["cat", "dog", "dog", "cat"], groups={"camera": ["left", "left", "right", "right"]})
    >>> len(samples), samples.classes, samples.labels.tolist(), samples.form
    (4, ('cat', 'dog'), [0, 1, 1, 0], Image(channels=1, height=8, width=8))
    """
    values: Floats = np.ascontiguousarray(as_array(inputs), dtype=np.float32)
    n = len(values) if values.ndim else 0
    if values.ndim not in (2, 4) or 0 in values.shape:
        raise Problem(f"inputs are waveforms [n, samples] or images [n, channels, height, width], none empty; here {list(values.shape)}.")
    if (rate is None) == (values.ndim == 2):
        raise Problem("Waveforms [n, samples] need their rate, as in rate=16000; images [n, channels, height, width] have none.")
    if not np.isfinite(values).all():
        raise Problem(f"inputs must be finite; input {int(np.flatnonzero(~np.isfinite(values.reshape(n, -1)).all(1))[0])} is not.")
    if values.ndim == 4 and (values.min() < 0 or values.max() > 1):
        raise Problem(f"Pixels lie in [0, 1]; these go from {values.min():g} to {values.max():g}. Divide bytes by 255.")
    longest = values.shape[-1]
    real: Rows = np.full(n, longest) if lengths is None else np.asarray(as_array(lengths), dtype=np.int64)
    if real.shape != (n,) or real.min() < 1 or real.max() > longest:
        raise Problem(f"lengths must be {n} whole numbers from 1 to {longest}.")
    if (of := as_array(labels)).ndim == 2:
        raise Problem(f"labels must be [n], one name or number each; these are {list(of.shape)}. Take argmax(1) of one-hot labels.")
    if not isinstance(cast(object, groups or {}), Mapping):
        raise Problem('groups are columns by name, as in groups={"speaker": ["ann", "bob", …]}.')
    classes, codes = np.unique(of, return_inverse=True)
    return Samples(
        ids=np.array([str(row) for row in range(n)]) if len(ids := np.asarray(ids)) == 0 else ids.astype(str),
        labels=codes.astype(np.int64),
        classes=tuple(str(one) for one in classes),
        groups={name: as_array(column).astype(str) for name, column in (groups or {}).items()},
        splits=np.full(n, "") if len(splits := np.asarray(splits)) == 0 else splits.astype(str),
        form=Image(*values.shape[1:]) if rate is None else Waveform(rate),
        load=_InMemory(values, real).load,
    )
