"""Given labels from a file: those of human annotators, or of a realisation of label noise that another run left.

CIFAR-10N, say, has five sets of human labels: Wei et al. (2022), "Learning with Noisy Labels Revisited: A Study Using Real-World Human
Annotations", ICLR, arXiv 2110.12088.
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
    """Reads one column of labels: class names, or indices into the source's classes. By default, of the noise.parquet of a run.

    With `ids`, labels go to the samples of these ids, and further rows of the file are ignored. Without, the file lists all samples in the
    source's order, or those of the publisher's training part.
    """

    def __init__(
        self,
        *,
        file: Annotated[str, Field(description="a .csv or .parquet file with named columns, or an .npz file of arrays")],
        labels: Annotated[str, Field(description="the column of given labels: class names, or indices of classes")] = "given",
        ids: Annotated[str, Field(description="the column of sample ids; empty: rows are in the source's order")] = "id",
        truth: Annotated[str, Field(description="a column of true labels, which must be the source's: finds a file in another order")] = "",
    ) -> None:
        self.file, self.wanted = file, {"labels": labels, "ids": ids, "truth": truth}

    def labels(self, samples: Samples, rows: Rows, classes: Rows, rng: np.random.Generator) -> Rows:
        """Given labels `[n]` of these rows."""
        del classes, rng
        path = Path(self.file).expanduser()
        columns = _columns(path, [name for name in self.wanted.values() if name])
        places = self._places(path, samples, rows, columns)
        if truth := self.wanted["truth"]:
            stated = _indices(path, truth, columns[truth], samples)[places]
            if len(wrong := np.flatnonzero(stated != samples.labels[rows])):
                row, other = int(rows[wrong[0]]), samples.classes[int(stated[wrong[0]])]
                raise Problem(
                    f"{path} states in '{truth}' that sample '{samples.ids[row]}' is of class '{other}', but the source says "
                    f"'{samples.classes[int(samples.labels[row])]}' ({len(wrong)} of {len(rows)} differ): it is of other data, or its rows "
                    "are in another order."
                )
        labels = self.wanted["labels"]
        return _indices(path, labels, columns[labels], samples)[places]

    def _places(self, path: Path, samples: Samples, rows: Rows, columns: dict[str, Array]) -> Rows:
        """Where in the file each of these rows stands, `[n]`."""
        if name := self.wanted["ids"]:
            ids = columns[name].astype(np.str_)
            known = dict(zip(ids.tolist(), range(len(ids)), strict=True))
            if len(known) < len(ids):
                names, counts = np.unique(ids, return_counts=True)
                raise Problem(f"{path} names samples twice in its column '{name}': {listing(names[counts > 1], 3)}.")
            if missing := [one for one in samples.ids[rows].tolist() if one not in known]:
                raise Problem(
                    f"{path} has no label for {counted(len(missing), 'sample')} of training or validation: {listing(missing, 3)}; its "
                    f"column '{name}' holds ids such as '{ids[0]}'. It must list every such sample; with noise.ids = '' rows go by order."
                )
            return np.array([known[one] for one in samples.ids[rows].tolist()], dtype=np.int64)
        n, part = len(columns[self.wanted["labels"]]), np.flatnonzero(samples.splits == "train")
        if n == len(samples):
            return rows
        if n != len(part) or not np.isin(rows, part).all():
            there = f"{len(samples)} samples" + (f", {len(part)} of them in the publisher's training part" if len(part) else "")
            raise Problem(f"{path} lists {n} labels in order, but the source has {there}; name its column of sample ids in noise.ids.")
        return np.searchsorted(part, rows)


def _columns(path: Path, wanted: list[str]) -> dict[str, Array]:
    """These columns, all of one length."""
    if not path.is_file():
        raise Problem(f"noise.file = '{path}' is no file (looked for {path.absolute()}); {_ADVICE}.")
    match path.suffix.lower():
        case ".csv":
            listed = table.read(path)
            found = {name: np.array(listed.column(name)) for name in wanted}
        case ".npz":
            found = dict(zip(wanted, archive.arrays(path, wanted, _ADVICE), strict=True))
        case ".parquet":
            found = _of_parquet(path, wanted)
        case other:
            raise Problem(f"noise.file = '{path}' ends in '{other}'; {_ADVICE}.")
    shapes = {name: column.shape for name, column in found.items()}
    if any(len(shape) != 1 for shape in shapes.values()) or len(set(shapes.values())) != 1:
        raise Problem(f"{path}: columns are one value a row and all of one length; here {shapes}.")
    return found


def _of_parquet(path: Path, wanted: list[str]) -> dict[str, Array]:
    try:
        read = pl.read_parquet(path)
    except (OSError, pl.exceptions.PolarsError) as error:
        raise Problem(f"{path} cannot be read as a .parquet file ({error}); {_ADVICE}.") from None
    for name in wanted:
        if name not in read.columns:
            raise Problem(f"{path} has no column '{name}'; its columns are: {listing(read.columns)}.{nearest(name, read.columns)}")
    return {name: read[name].to_numpy() if read[name].dtype.is_integer() else read[name].cast(pl.String).to_numpy() for name in wanted}


def _indices(path: Path, name: str, column: Array, samples: Samples) -> Rows:
    """A column of labels as indices into the source's classes. Text is class names where all of it is, else indices."""
    if column.dtype.kind not in "iu":
        index = {one: number for number, one in enumerate(samples.classes)}
        cells = [str(cell) for cell in column.tolist()]
        if unknown := [cell for cell in cells if cell not in index]:
            if not all(cell.isdecimal() for cell in cells):
                raise Problem(
                    f"{path} names '{unknown[0]}' in its column '{name}', which is no class here; there are: "
                    f"{listing(samples.classes)}.{nearest(unknown[0], index)}"
                )
            return _indices(path, name, np.array([int(cell) for cell in cells]), samples)
        return np.array([index[cell] for cell in cells], dtype=np.int64)
    if column.min() < 0 or column.max() >= len(samples.classes):
        raise Problem(
            f"{path} has labels from {column.min()} to {column.max()} in its column '{name}', but the source's classes are 0 to "
            f"{len(samples.classes) - 1}."
        )
    return column.astype(np.int64)
