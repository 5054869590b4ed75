"""Noisy labels read from a file: those of human annotators, or the noise.parquet of another run.

CIFAR-10N, for example, has five sets of human labels: Wei et al. (2022), "Learning with Noisy Labels Revisited: A Study Using Real-World
Human Annotations", ICLR, arXiv 2110.12088.
"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import numpy as np
import polars as pl
from pydantic import Field

from scratchlab.checks import Problem, counted, listing, nearest
from scratchlab.data.sources import archive, table
from scratchlab.data.sources.archive import Array
from scratchlab.types import Rows, Samples

_ADVICE = "name a .csv, .npz or .parquet file in noise.file"


class Column:
    """Reads a column of labels, class names or indices into the source's classes. The defaults are the columns of a run's noise.parquet.

    With `ids`, labels are matched to samples by id, and other rows of the file are ignored. Without, the file lists all samples, or those
    of the publisher's training part, in the source's order. Give it to `scratchlab.run(..., noise=...)`, which reads the file.

    >>> Column(file="cifar10n.npz", labels="worst", ids="").columns  # arrays `[n]` in the source's order
    {'labels': 'worst', 'ids': '', 'truth': ''}
    """

    def __init__(
        self,
        *,
        file: Annotated[str, Field(description="a .csv or .parquet file with named columns, or an .npz file of arrays")],
        labels: Annotated[str, Field(description="column of noisy labels: class names, or indices of classes")] = "given",
        ids: Annotated[str, Field(description="column of sample ids; empty: rows are in the source's order")] = "id",
        truth: Annotated[
            str,
            Field(description="column of true labels; must equal the source's labels, which detects rows in another order; empty: none"),
        ] = "",
    ) -> None:
        self.file, self.columns = file, {"labels": labels, "ids": ids, "truth": truth}

    def labels(self, samples: Samples, rows: Rows, classes: Rows, rng: np.random.Generator) -> Rows:
        """The given labels `[n]` of these rows."""
        del classes, rng
        path = Path(self.file).expanduser()
        columns = _columns(path, [name for name in self.columns.values() if name])
        positions = self._positions(path, samples, rows, columns)
        if truth := self.columns["truth"]:
            stated = _indices(path, truth, columns[truth], samples)[positions]
            if len(wrong := np.flatnonzero(stated != samples.labels[rows])):
                row, other = int(rows[wrong[0]]), samples.classes[int(stated[wrong[0]])]
                raise Problem(
                    f"{path}: the label of sample '{samples.ids[row]}' in column '{truth}' is '{other}', but the source's is "
                    f"'{samples.classes[int(samples.labels[row])]}' ({len(wrong)} of {len(rows)} differ); the file belongs to other data, "
                    "or its rows are in another order."
                )
        labels = self.columns["labels"]
        return _indices(path, labels, columns[labels], samples)[positions]

    def _positions(self, path: Path, samples: Samples, rows: Rows, columns: dict[str, Array]) -> Rows:
        """The position in the file of each of these rows, `[n]`."""
        if name := self.columns["ids"]:
            ids = columns[name].astype(np.str_)
            position_of = dict(zip(ids.tolist(), range(len(ids)), strict=True))
            if len(position_of) < len(ids):
                names, counts = np.unique(ids, return_counts=True)
                raise Problem(f"{path} repeats sample ids in its column '{name}': {listing(names[counts > 1], 3)}.")
            if missing := [sample for sample in samples.ids[rows].tolist() if sample not in position_of]:
                raise Problem(
                    f"{path} has no label for {counted(len(missing), 'sample')} of training or validation: {listing(missing, 3)}; its "
                    f"column '{name}' contains ids such as '{ids[0]}'. The file must list all these samples; with noise.ids = '', rows are "
                    "matched by order."
                )
            return np.array([position_of[sample] for sample in samples.ids[rows].tolist()], dtype=np.int64)
        n, part = len(columns[self.columns["labels"]]), np.flatnonzero(samples.splits == "train")
        if n == len(samples):
            return rows
        if n != len(part) or not np.isin(rows, part).all():
            available = f"{len(samples)} samples" + (f", {len(part)} of them in the publisher's training part" if len(part) else "")
            raise Problem(f"{path} lists {n} labels without ids, but the source has {available}; name a column of sample ids in noise.ids.")
        return np.searchsorted(part, rows)


def _columns(path: Path, names: list[str]) -> dict[str, Array]:
    """Reads these columns, `[n]` each. Raises Problem for a missing file or column and for other shapes."""
    if not path.is_file():
        raise Problem(f"noise.file = '{path}' is not a file (looked for {path.absolute()}); {_ADVICE}.")
    match path.suffix.lower():
        case ".csv":
            cells = table.read(path)
            columns = {name: np.array(cells.column(name)) for name in names}
        case ".npz":
            columns = dict(zip(names, archive.arrays(path, names, _ADVICE), strict=True))
        case ".parquet":
            columns = _of_parquet(path, names)
        case other:
            raise Problem(f"noise.file = '{path}' ends in '{other}'; {_ADVICE}.")
    if not all(len(column) for column in columns.values()):
        raise Problem(f"{path} contains no rows; {_ADVICE}.")
    shapes = {name: column.shape for name, column in columns.items()}
    if any(len(shape) != 1 for shape in shapes.values()) or len(set(shapes.values())) != 1:
        raise Problem(f"{path}: columns must be one-dimensional and of equal length; their shapes are {shapes}.")
    return columns


def _of_parquet(path: Path, names: list[str]) -> dict[str, Array]:
    try:
        frame = pl.read_parquet(path)
    except (OSError, pl.exceptions.PolarsError) as error:
        raise Problem(f"{path} cannot be read as a .parquet file ({error}); {_ADVICE}.") from None
    for name in names:
        if name not in frame.columns:
            raise Problem(f"{path} has no column '{name}'; its columns are: {listing(frame.columns)}.{nearest(name, frame.columns)}")
        if frame[name].null_count():
            raise Problem(f"{path}: the column '{name}' has {counted(frame[name].null_count(), 'missing value')}; each row needs one.")
        if frame[name].dtype.is_float():
            raise Problem(f"{path}: the column '{name}' holds floating-point numbers; labels are class names or whole numbers.")
    return {name: frame[name].to_numpy() if frame[name].dtype.is_integer() else frame[name].cast(pl.String).to_numpy() for name in names}


def _indices(path: Path, name: str, column: Array, samples: Samples) -> Rows:
    """Converts a column of labels to indices into the source's classes. Text is read as class names, or as indices if all are numbers."""
    if column.dtype.kind not in "iu":
        index = {name: label for label, name in enumerate(samples.classes)}
        cells = [str(cell) for cell in column.tolist()]
        if unknown := [cell for cell in cells if cell not in index]:
            if not all(cell.isdecimal() for cell in cells):
                raise Problem(
                    f"{path}: '{unknown[0]}' in the column '{name}' is not a class; the classes are: "
                    f"{listing(samples.classes)}.{nearest(unknown[0], index)}"
                )
            return _indices(path, name, np.array([int(cell) for cell in cells]), samples)
        return np.array([index[cell] for cell in cells], dtype=np.int64)
    if column.min() < 0 or column.max() >= len(samples.classes):
        raise Problem(
            f"{path}: labels in the column '{name}' are {column.min()} to {column.max()}, but the source's classes are 0 to "
            f"{len(samples.classes) - 1}."
        )
    return column.astype(np.int64)
