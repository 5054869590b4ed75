"""The types that flow through the lab. Each refuses bad contents at birth, with a sentence.

`Samples` come from a source, `Split` from a protocol, `Embeddings` from an encoder, `Scores` from a
method. A split shows a learner its training material (`TrainingView`) and the query *inputs* (`Inputs`);
labels of queries are used only for scoring, by the evaluation.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from scratchlab.checks import Problem, counted, listing, nearest

if TYPE_CHECKING:
    import torch

Rows = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float32]
Strings = npt.NDArray[np.str_]


@dataclass(frozen=True)
class Waveform:
    """The form of one input: mono sound at `rate` samples per second, any length."""

    rate: int


@dataclass(frozen=True)
class Image:
    """The form of one input: an image `[channels, height, width]` with values in [0, 1]."""

    channels: int
    height: int
    width: int


@dataclass(frozen=True)
class Spectrogram:
    """The form of one input: `[1, bands, frames]`, any number of frames; with names of streams one channel each instead of 1.

    A single stream needs no name, so that every encoder of spectrograms reads it.
    """

    bands: int
    streams: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        if len(self.streams) == 1:
            raise Problem(f"A spectrogram of one stream needs no name, but it is called '{self.streams[0]}'.")


@dataclass(frozen=True)
class Batch:
    """Inputs stacked: values `[n, ...]` float32, padded with zeros on the last axis to the longest;
    lengths `[n]` in steps of the last axis (samples of a waveform, columns of an image)."""

    values: Floats
    lengths: Rows

    def __post_init__(self) -> None:
        if len(self.values) != len(self.lengths):
            raise Problem(f"A batch holds {counted(len(self.values), 'input')} but {len(self.lengths)} lengths.")


@dataclass(frozen=True)
class Samples:
    """Everything a source knows of its items, by row; the inputs themselves are loaded when asked for.

    ids: `[n]` unique and stable names (a file's path inside its data set, say).
    labels: `[n]` indices into `classes`.
    groups: columns `[n]` by name (speaker, recording, camera, alphabet), first the one that no split may cut unless a protocol says
        otherwise; none where nothing is known.
    splits: `[n]` the publisher's own split: "train", "valid", "test", or "" where there is none.
    load: rows -> Batch; lazy, and safe to call from several processes.
    given: `[n]` the labels that learners are shown, which label noise made differ from the true ones; None where they do not differ.
    """

    ids: Strings
    labels: Rows
    classes: tuple[str, ...]
    groups: Mapping[str, Strings]
    splits: Strings
    form: Waveform | Image
    load: Callable[[Rows], Batch] = field(repr=False)
    given: Rows | None = None

    def __post_init__(self) -> None:
        n = len(self.ids)
        if n == 0:
            raise Problem("The source holds no samples.")
        for name, column in {"labels": self.labels, "splits": self.splits, **self.groups}.items():
            if len(column) != n:
                raise Problem(f"The source gives {n} ids but {len(column)} {name}; there must be one a row.")
        names, counts = np.unique(self.ids, return_counts=True)
        if len(names) != n:
            raise Problem(f"Sample ids must be unique; twice or more: {listing(names[counts > 1], 5)}.")
        if self.labels.min() < 0 or self.labels.max() >= len(self.classes):
            raise Problem(f"Labels must lie between 0 and {len(self.classes) - 1}, the last of {len(self.classes)} classes.")
        unknown = set(np.unique(self.splits)) - {"train", "valid", "test", ""}
        if unknown:
            raise Problem(f"A split is 'train', 'valid', 'test' or '', not {listing(sorted(unknown))}.")

    def __len__(self) -> int:
        return len(self.ids)

    def group_columns(self, columns: Sequence[str] = ()) -> list[str]:
        """These columns of groups; the first one, if there is any, where none is named."""
        return list(columns) or list(self.groups)[:1]

    def group_name(self, columns: Sequence[str] = ()) -> str:
        """What one value of `grouped` with these columns is called: the name of the first column, or "sample id" where there is none."""
        return next(iter(self.group_columns(columns)), "sample id")

    def grouped(self, columns: Sequence[str] = (), where: str = "protocol.disjoint") -> Strings:
        """`[n]`: which rows must stay together so that none of these columns of groups is cut; the first column if none is named.

        Of one column its own values, of several what they connect; the ids where the source knows no groups. Raises Problem, naming the
        setting `where`, for a column that is not there.
        """
        for name in columns:
            if name not in self.groups:
                there = f"the source's columns of groups are: {listing(self.groups)}" if self.groups else "the source knows no groups"
                raise Problem(f"{where} names '{name}', but {there}.{nearest(name, self.groups)}")
        names = self.group_columns(columns)
        if not names:
            return self.ids
        return self.groups[names[0]] if len(names) == 1 else _connected([self.groups[name] for name in names])


@dataclass(frozen=True)
class Inputs:
    """Query inputs, without labels. `rows` serve as keys of a memory, never as a hint."""

    rows: Rows
    _load: Callable[[Rows], Batch] = field(repr=False)

    def __len__(self) -> int:
        return len(self.rows)

    def batch(self, positions: Rows) -> Batch:
        """The inputs at these positions, 0 to len - 1."""
        return self._load(self.rows[positions])

    def some(self, positions: Rows | npt.NDArray[np.bool_]) -> Inputs:
        """The inputs at these positions, still to be loaded."""
        return Inputs(self.rows[positions], self._load)


@dataclass(frozen=True)
class LabelledInputs(Inputs):
    """Inputs with their labels `[n]` (indices into the source's classes) and names for error messages."""

    labels: Rows
    ids: Strings

    def some(self, positions: Rows | npt.NDArray[np.bool_]) -> LabelledInputs:
        """The inputs at these positions, with their labels and names."""
        return LabelledInputs(self.rows[positions], self._load, self.labels[positions], self.ids[positions])


@dataclass(frozen=True)
class TrainingView:
    """What a learner is given at one split. Any part may be empty."""

    train: LabelledInputs
    valid: LabelledInputs
    reference: LabelledInputs
    classes: Rows


@dataclass(frozen=True)
class Split:
    """Four arrays of row numbers: the whole of what a protocol decides.

    train, valid: what may be trained on, and what may choose. reference: labelled rows the learner may keep
    (shots, support, gallery). query: rows whose labels only the evaluation sees.
    classes: the class indices known once this split is learned, oldest first.
    """

    train: Rows
    valid: Rows
    reference: Rows
    query: Rows
    classes: Rows

    def __post_init__(self) -> None:
        pools = {"train": self.train, "valid": self.valid, "reference": self.reference, "query": self.query}
        for name, rows in pools.items():
            if len(np.unique(rows)) != len(rows):
                raise Problem(f"The {name} rows of a split name a row twice.")
        for name in ("train", "valid", "reference"):
            shared = np.intersect1d(pools[name], self.query)
            if len(shared):
                raise Problem(f"{counted(len(shared), 'row')} of a split stand in both {name} and query.")
        both = np.intersect1d(self.train, self.valid)
        if len(both):
            raise Problem(f"{counted(len(both), 'row')} of a split stand in both train and valid.")

    def view(self, samples: Samples) -> TrainingView:
        """What the learner may use: training, validation and reference rows with the labels given to them, which may be wrong."""
        given = samples.labels if samples.given is None else samples.given

        def labelled(rows: Rows) -> LabelledInputs:
            return LabelledInputs(rows, samples.load, given[rows], samples.ids[rows])

        return TrainingView(labelled(self.train), labelled(self.valid), labelled(self.reference), self.classes)

    def inputs(self, samples: Samples) -> Inputs:
        """The query inputs alone."""
        return Inputs(self.query, samples.load)

    def truth(self, samples: Samples) -> Rows:
        """The true labels of the queries, `[n]`: for the evaluation, never for a method."""
        return samples.labels[self.query]


@dataclass(frozen=True)
class Plan:
    """What a protocol decides, all of it in row numbers; each kind adds what is asked after training.

    split: what training starts from, and what is asked right after it. groups: `[n]` over all samples, the blocks by which intervals are
    drawn; block: what one is called ("speaker"), empty where every sample stands for itself.
    """

    split: Split
    groups: Strings
    block: str

    @property
    def splits(self) -> list[Split]:
        """Every split."""
        return [self.split]

    @property
    def queries(self) -> Rows:
        """The rows that stand for all queries, where some are to be looked at: each once."""
        return self.split.query

    @property
    def rows(self) -> Rows:
        """Every row that is needed, each once."""
        parts = [rows for split in self.splits for rows in (split.train, split.valid, split.reference, split.query)]
        return np.unique(np.concatenate(parts))


def place_of(stream: str, streams: tuple[str, ...], where: str = "A similarity") -> int:
    """Where a stream stands among those that embeddings consist of. Raises Problem, naming `where`, for one that is not there."""
    if stream not in streams:
        there = f"the streams are: {listing(streams)}" if streams else "embeddings here are one whole, not of several streams"
        raise Problem(f"{where} names '{stream}', but {there}.{nearest(stream, streams)}")
    return streams.index(stream)


@dataclass(frozen=True)
class Embeddings:
    """What an encoder makes of a batch.

    vector: `[n, d]`, one point an input. matrix: `[n, t, c]`, in the order of time (of columns, for an image);
    rows at or beyond `lengths` are zero. lengths: `[n]`, how many of the t steps are real, 1 or more.
    streams: where a front-end splits sound into several, their names; d and c then consist of equal parts in this order.
    """

    vector: torch.Tensor
    matrix: torch.Tensor
    lengths: torch.Tensor
    streams: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        if self.vector.ndim != 2 or self.matrix.ndim != 3 or self.lengths.ndim != 1:
            raise Problem(
                "Embeddings are a vector [n, d], a matrix [n, t, c] and lengths [n]; these have shapes "
                f"{tuple(self.vector.shape)}, {tuple(self.matrix.shape)} and {tuple(self.lengths.shape)}."
            )
        if not len(self.vector) == len(self.matrix) == len(self.lengths):
            raise Problem(
                f"Embeddings must agree in n: {len(self.vector)} vectors, {len(self.matrix)} matrices, {len(self.lengths)} lengths."
            )

    @classmethod
    def of(cls, values: torch.Tensor, lengths: torch.Tensor | Sequence[int] | None = None, what: str = "embeddings") -> Embeddings:
        """Embeddings of vectors `[n, d]`, which are matrices of one step too, or of matrices `[n, t, c]`, whose mean over the real steps is
        the vector. lengths: `[n]`, 1 to t; None where all t steps are real. Raises Problem, naming `what`, for other shapes.
        """
        import torch

        shape = tuple(values.shape)
        if values.ndim not in (2, 3) or 0 in shape:
            raise Problem(f"{what} must be vectors [n, d] or matrices [n, t, c], none of them empty; the shape is {shape}.")
        if not values.is_floating_point():
            raise Problem(f"{what} must be floating-point numbers, not {values.dtype}; convert with .float().")
        if values.ndim == 2:
            if lengths is not None:
                raise Problem(f"{what} are vectors {shape}, which have no lengths; matrices [n, t, c] have.")
            return cls(values, values[:, None], torch.ones(len(values), dtype=torch.long, device=values.device))
        n, t, _ = shape
        real = torch.full((n,), t, device=values.device) if lengths is None else torch.as_tensor(lengths, device=values.device).long()
        if real.shape != (n,) or int(real.min()) < 1 or int(real.max()) > t:
            raise Problem(f"{what} of shape {shape} need {n} lengths from 1 to {t}; they are {real.tolist()}.")
        if lengths is None:
            return cls(values.mean(1), values, real)
        matrix = values * (torch.arange(t, device=values.device) < real[:, None])[..., None]
        return cls(matrix.sum(1) / real[:, None], matrix, real)

    def __len__(self) -> int:
        return len(self.vector)

    def at(self, positions: torch.Tensor | slice) -> Embeddings:
        """The embeddings at these positions (indices, a mask or a slice)."""
        return Embeddings(self.vector[positions], self.matrix[positions], self.lengths[positions], self.streams)

    def float(self) -> Embeddings:
        """The same in float32, whatever the encoder computes in."""
        return Embeddings(self.vector.float(), self.matrix.float(), self.lengths, self.streams)

    def stream(self, name: str) -> Embeddings:
        """The part of one stream; all of it for an empty name. Raises Problem for a name that is none of `streams`."""
        if not name:
            return self
        place, parts = place_of(name, self.streams), len(self.streams)
        d, c = self.vector.shape[1] // parts, self.matrix.shape[2] // parts
        return Embeddings(self.vector[:, place * d : place * d + d], self.matrix[:, :, place * c : place * c + c], self.lengths)


@dataclass(frozen=True)
class Scores:
    """How well each query `[n]` fits each class `[c]`: values `[n, c]`, larger is better; classes `[c]` indices."""

    values: Floats
    classes: Rows

    def __post_init__(self) -> None:
        if self.values.ndim != 2 or self.values.shape[1] != len(self.classes):
            raise Problem(f"Scores must have one column a class ({len(self.classes)}); their shape is {self.values.shape}.")
        bad = np.flatnonzero(~np.isfinite(self.values).all(axis=1))
        if len(bad):
            raise Problem(f"{len(bad)} of {len(self.values)} queries have a score that is not finite; the first at position {bad[0]}.")

    def predicted(self) -> Rows:
        """The best class of each query, `[n]`; the first of equals."""
        return self.classes[self.values.argmax(axis=1)]


def _connected(columns: Sequence[Strings]) -> Strings:
    """`[n]`: by which first row each row hangs together with others that share a value with it in any column."""
    known = np.arange(len(columns[0]))
    while True:
        before = known
        for column in columns:
            _, place = np.unique(column, return_inverse=True)
            lowest = np.full(place.max() + 1, len(known))
            np.minimum.at(lowest, place, known)
            known = lowest[place]
        if np.array_equal(before, known):
            return columns[0][known]


def rows(values: Sequence[int] | Rows = ()) -> Rows:
    """An array of row numbers."""
    return np.asarray(values, dtype=np.int64)
