"""Data types shared by all parts. Constructors check their contents and raise Problem.

`Samples` come from a source, a `Split` from a protocol, `Embeddings` from an encoder, `Scores` from a
method. A split gives a method its training data (`TrainingView`) and the query *inputs* (`Inputs`);
labels of queries are used only for scoring, by the evaluation.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from scratchlab.checks import Problem, counted, listing, nearest
from scratchlab.groups import connected

if TYPE_CHECKING:
    import torch

Rows = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float32]
Strings = npt.NDArray[np.str_]


@dataclass(frozen=True)
class Waveform:
    """The form of one input: mono sound `[samples]` at `rate` samples per second, any length.

    >>> Waveform(16_000)
    Waveform(rate=16000)
    """

    rate: int


@dataclass(frozen=True)
class Image:
    """The form of one input: an image `[channels, height, width]` with values in [0, 1].

    >>> Image(3, 32, 32)
    Image(channels=3, height=32, width=32)
    """

    channels: int
    height: int
    width: int


@dataclass(frozen=True)
class Spectrogram:
    """The form of one input: `[1, bands, frames]` with any number of frames, or `[len(streams), bands, frames]` with named streams.

    A single stream has no name, so that every encoder of spectrograms accepts it. kind: of the values, where a pretrained encoder needs
    them exactly as they were in its training.

    >>> Spectrogram(40, ("envelope", "residual"))
    Spectrogram(bands=40, streams=('envelope', 'residual'), kind='')
    """

    bands: int
    streams: tuple[str, ...] = ()
    kind: str = ""

    def __post_init__(self) -> None:
        if len(self.streams) == 1:
            raise Problem(f"A spectrogram with a single stream needs no name, but its stream is named '{self.streams[0]}'.")


@dataclass(frozen=True)
class Batch:
    """A batch of inputs. values: float32 `[n, ...]`, padded with zeros along the last axis to the longest. lengths: `[n]` along the last
    axis (samples of a waveform, columns of an image)."""

    values: Floats
    lengths: Rows

    def __post_init__(self) -> None:
        if len(self.values) != len(self.lengths):
            raise Problem(f"A batch has {counted(len(self.values), 'input')} but {len(self.lengths)} lengths.")


@dataclass(frozen=True)
class Samples:
    """The samples of a source, by row; inputs are loaded on demand.

    ids: `[n]` unique and stable names, such as a file's path in its data set.
    labels: `[n]` true labels, as indices into `classes`.
    groups: columns `[n]` by name (speaker, recording, camera, alphabet). By default, splits are disjoint in the first. Empty if there are
        none.
    splits: `[n]` the publisher's split: "train", "valid", "test", or "" where there is none.
    load: rows -> Batch; safe to call from several processes.
    given: `[n]` given labels, on which methods train and validate, where label noise changed labels; None without label noise.

    >>> from scratchlab.data.sources.sklearn_digits import SklearnDigits
    >>> samples = SklearnDigits().read()
    >>> images, labels = samples.arrays()
    >>> images.shape, labels.shape, samples.load(np.array([3, 5])).values.shape
    ((1797, 1, 8, 8), (1797,), (2, 1, 8, 8))
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
            raise Problem("The source has no samples.")
        for name, column in {"labels": self.labels, "splits": self.splits, **self.groups}.items():
            if len(column) != n:
                raise Problem(f"The source has {n} ids but {len(column)} values of {name}; there must be one per sample.")
        names, counts = np.unique(self.ids, return_counts=True)
        if len(names) != n:
            raise Problem(f"Sample ids must be unique; these are repeated: {listing(names[counts > 1], 5)}.")
        if self.labels.min() < 0 or self.labels.max() >= len(self.classes):
            raise Problem(
                f"Labels must be 0 to {len(self.classes) - 1}, for {len(self.classes)} classes; they are {self.labels.min()} to "
                f"{self.labels.max()}."
            )
        unknown = set(np.unique(self.splits)) - {"train", "valid", "test", ""}
        if unknown:
            raise Problem(f"A split must be 'train', 'valid', 'test' or '', not {listing(sorted(unknown))}.")

    def __len__(self) -> int:
        return len(self.ids)

    def arrays(self) -> tuple[Floats, Rows]:
        """All inputs `[n, ...]`, padded with zeros to the longest, and their true labels `[n]`, in memory."""
        return self.load(np.arange(len(self))).values, self.labels

    def group_columns(self, columns: Sequence[str] = ()) -> list[str]:
        """The names in `columns` or, if it is empty, the name of the first column of groups, if there is one."""
        return list(columns) or list(self.groups)[:1]

    def group_name(self, columns: Sequence[str] = ()) -> str:
        """The noun for a value of `grouped(columns)`: the name of the first column, or "sample id" if there are no groups."""
        return next(iter(self.group_columns(columns)), "sample id")

    def grouped(self, columns: Sequence[str] = (), where: str = "protocol.disjoint") -> Strings:
        """`[n]`: the group of each row, such that splits that do not divide these groups are disjoint in all `columns`.

        For one column its values; for several the connected components of rows that share a value in any column; for none the first
        column, or the ids if the source has no groups. Raises Problem, naming the setting `where`, for an unknown column.
        """
        for name in columns:
            if name not in self.groups:
                available = f"the source's columns of groups are: {listing(self.groups)}" if self.groups else "the source has no groups"
                raise Problem(f"{where} names '{name}', but {available}.{nearest(name, self.groups)}")
        names = self.group_columns(columns)
        if not names:
            return self.ids
        return self.groups[names[0]] if len(names) == 1 else connected([self.groups[name] for name in names])


@dataclass(frozen=True)
class Inputs:
    """Inputs without labels, such as queries. `rows` may be used as cache keys, but not as features."""

    rows: Rows
    _load: Callable[[Rows], Batch] = field(repr=False)

    def __len__(self) -> int:
        return len(self.rows)

    def batch(self, positions: Rows) -> Batch:
        """Loads the inputs at these positions, 0 to len - 1."""
        return self._load(self.rows[positions])

    def some(self, positions: Rows | npt.NDArray[np.bool_]) -> Inputs:
        """The subset at these positions (indices or a mask), not loaded yet."""
        return Inputs(self.rows[positions], self._load)


@dataclass(frozen=True)
class LabelledInputs(Inputs):
    """Inputs with labels `[n]` (indices into the source's classes) and sample ids `[n]`."""

    labels: Rows
    ids: Strings

    def some(self, positions: Rows | npt.NDArray[np.bool_]) -> LabelledInputs:
        """The subset at these positions (indices or a mask), with labels and ids."""
        return LabelledInputs(self.rows[positions], self._load, self.labels[positions], self.ids[positions])


@dataclass(frozen=True)
class TrainingView:
    """The data of one split that a method gets: training, validation and reference inputs with given labels, each possibly empty.

    classes: the class indices known once this split is learned, oldest first.
    """

    train: LabelledInputs
    valid: LabelledInputs
    reference: LabelledInputs
    classes: Rows


@dataclass(frozen=True)
class Split:
    """The row numbers of one split of the samples.

    train, valid: training and validation rows. reference: labelled rows that a method compares queries with
    (shots, support). query: test rows, whose labels only the evaluation uses.
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
                raise Problem(f"The {name} rows of a split contain a row twice.")
        for name in ("train", "valid", "reference"):
            shared = np.intersect1d(pools[name], self.query)
            if len(shared):
                raise Problem(f"The {name} and query rows of a split have {counted(len(shared), 'row')} in common.")
        both = np.intersect1d(self.train, self.valid)
        if len(both):
            raise Problem(f"The train and valid rows of a split have {counted(len(both), 'row')} in common.")

    def view(self, samples: Samples) -> TrainingView:
        """The training, validation and reference inputs with their given labels, which may be wrong."""
        given = samples.labels if samples.given is None else samples.given

        def labelled(rows: Rows) -> LabelledInputs:
            return LabelledInputs(rows, samples.load, given[rows], samples.ids[rows])

        return TrainingView(labelled(self.train), labelled(self.valid), labelled(self.reference), self.classes)

    def inputs(self, samples: Samples) -> Inputs:
        """The query inputs, without labels."""
        return Inputs(self.query, samples.load)

    def truth(self, samples: Samples) -> Rows:
        """The true labels of the queries, `[n]`; only the evaluation may use them."""
        return samples.labels[self.query]


@dataclass(frozen=True)
class Plan:
    """The plan of a protocol, in row numbers; each protocol adds what it tests after training.

    split: the rows for training and validation, and the queries tested right after training. groups: `[n]` over all samples, the blocks of
    the block bootstrap. block: the noun for a block ("speaker"), empty where every sample is its own block.
    """

    split: Split
    groups: Strings
    block: str

    @property
    def splits(self) -> list[Split]:
        """All splits."""
        return [self.split]

    @property
    def queries(self) -> Rows:
        """The query rows of the plan, each once."""
        return self.split.query

    @property
    def rows(self) -> Rows:
        """All rows that the plan uses, each once."""
        parts = [rows for split in self.splits for rows in (split.train, split.valid, split.reference, split.query)]
        return np.unique(np.concatenate(parts))


def stream_index(stream: str, streams: tuple[str, ...], where: str = "A similarity") -> int:
    """The index of a stream among the streams of the embeddings. Raises Problem, naming `where`, for an unknown stream."""
    if stream not in streams:
        available = f"the streams are: {listing(streams)}" if streams else "embeddings here are not divided into streams"
        raise Problem(f"{where} names '{stream}', but {available}.{nearest(stream, streams)}")
    return streams.index(stream)


@dataclass(frozen=True)
class Embeddings:
    """The embeddings of a batch.

    vector: `[n, d]`, one vector per input. matrix: `[n, t, c]`, one vector per time step (per column, for images);
    steps at or beyond `lengths` are zero. lengths: `[n]`, the numbers of valid steps, 1 to t.
    streams: the names of the streams, if the front-end splits audio into several; d and c then consist of equal parts in this order.

    >>> import torch
    >>> embeddings = Embeddings.of(torch.ones(2, 7, 16), lengths=[7, 4])  # of matrices; the vector is the mean of the valid steps
    >>> embeddings.vector.shape, embeddings.matrix.sum((1, 2))
    (torch.Size([2, 16]), tensor([112.,  64.]))
    """

    vector: torch.Tensor
    matrix: torch.Tensor
    lengths: torch.Tensor
    streams: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        if self.vector.ndim != 2 or self.matrix.ndim != 3 or self.lengths.ndim != 1:
            raise Problem(
                "Embeddings must have a vector [n, d], a matrix [n, t, c] and lengths [n]; the shapes are "
                f"{tuple(self.vector.shape)}, {tuple(self.matrix.shape)} and {tuple(self.lengths.shape)}."
            )
        if not len(self.vector) == len(self.matrix) == len(self.lengths):
            raise Problem(
                f"Embeddings must agree in n: {len(self.vector)} vectors, {len(self.matrix)} matrices, {len(self.lengths)} lengths."
            )

    @classmethod
    def of(
        cls,
        values: torch.Tensor,
        lengths: torch.Tensor | Sequence[int] | None = None,
        *,
        streams: tuple[str, ...] = (),
        what: str = "embeddings",
    ) -> Embeddings:
        """Creates Embeddings from vectors `[n, d]` (the matrix then has one step) or from matrices `[n, t, c]` (the vector is the mean over
        the valid steps). lengths: `[n]`, 1 to t; None where all t steps are valid. Raises Problem, naming `what`, for other shapes.
        """
        import torch

        shape = tuple(values.shape)
        if values.ndim not in (2, 3) or 0 in shape:
            raise Problem(f"{what} must be vectors [n, d] or matrices [n, t, c] without an empty dimension; the shape is {shape}.")
        if not values.is_floating_point():
            raise Problem(f"{what} must be floating-point numbers, not {values.dtype}; convert with .float().")
        if values.ndim == 2:
            if lengths is not None:
                raise Problem(f"{what} are vectors {shape}, which have no lengths; leave lengths out, or pass matrices [n, t, c].")
            return cls(values, values[:, None], torch.ones(len(values), dtype=torch.long, device=values.device), streams)
        n, t, _ = shape
        valid = torch.full((n,), t, device=values.device) if lengths is None else torch.as_tensor(lengths, device=values.device).long()
        if valid.shape != (n,) or int(valid.min()) < 1 or int(valid.max()) > t:
            raise Problem(f"{what} of shape {shape} need {n} lengths from 1 to {t}; they are {valid.tolist()}.")
        if lengths is None:
            return cls(values.mean(1), values, valid, streams)
        matrix = values * (torch.arange(t, device=values.device) < valid[:, None])[..., None]
        return cls(matrix.sum(1) / valid[:, None], matrix, valid, streams)

    def __len__(self) -> int:
        return len(self.vector)

    def at(self, positions: torch.Tensor | slice) -> Embeddings:
        """The embeddings at these positions (indices, a mask or a slice)."""
        return Embeddings(self.vector[positions], self.matrix[positions], self.lengths[positions], self.streams)

    def float(self) -> Embeddings:
        """The embeddings in float32."""
        return Embeddings(self.vector.float(), self.matrix.float(), self.lengths, self.streams)

    def stream(self, name: str) -> Embeddings:
        """The part of one stream; all parts for an empty name. Raises Problem for an unknown name."""
        if not name:
            return self
        index, n = stream_index(name, self.streams), len(self.streams)
        d, c = self.vector.shape[1] // n, self.matrix.shape[2] // n
        return Embeddings(self.vector[:, index * d : index * d + d], self.matrix[:, :, index * c : index * c + c], self.lengths)


@dataclass(frozen=True)
class Scores:
    """The scores of queries for classes. values: `[n, c]`, larger is better. classes: `[c]` class indices."""

    values: Floats
    classes: Rows

    def __post_init__(self) -> None:
        if self.values.ndim != 2 or self.values.shape[1] != len(self.classes):
            raise Problem(f"Scores must have one column per class ({len(self.classes)}); their shape is {self.values.shape}.")
        bad = np.flatnonzero(~np.isfinite(self.values).all(axis=1))
        if len(bad):
            raise Problem(f"{len(bad)} of {len(self.values)} queries have a score that is not finite; the first at position {bad[0]}.")

    def predicted(self) -> Rows:
        """The class with the highest score for each query, `[n]`; the first of ties."""
        return self.classes[self.values.argmax(axis=1)]


def rows(values: Sequence[int] | Rows = ()) -> Rows:
    """Converts row numbers to an array."""
    return np.asarray(values, dtype=np.int64)
