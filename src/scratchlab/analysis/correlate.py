"""Correlations between the columns of a table of runs: which hyperparameters correlate with which metrics."""

from __future__ import annotations

import csv
import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase
from pathlib import Path

import numpy as np
import numpy.typing as npt
import polars as pl

from scratchlab.checks import Problem, counted, listing, nearest
from scratchlab.metrics.correlation import Correlation, adjusted, correlation, fisher
from scratchlab.metrics.estimate import Estimate, over_draws, undefined

Values = npt.NDArray[np.float64]
_NUMBER = re.compile(r"[-+]?(\d{1,3}(,\d{3})+|\d+)?(\.\d*)?([eE][-+]?\d+)?%?")
_DECIMAL_COMMA = re.compile(r"[-+]?\d+(,\d+)?([eE][-+]?\d+)?%?")
_UNKNOWN = {"", "-", "na", "n/a", "null", "none"}
_YES, _NO = {"true", "yes", "on"}, {"false", "no", "off"}
_NOT_FINITE = {"nan": np.nan, "inf": np.inf, "+inf": np.inf, "-inf": -np.inf, "infinity": np.inf}


@dataclass(frozen=True)
class Cell:
    """One pair of columns and its correlation."""

    x: str
    y: str
    correlation: Correlation


@dataclass(frozen=True)
class Correlations:
    """All pairs that were compared; the columns as numbers `[runs]`; and columns left out, with the reason.

    words: of columns with two distinct words, the words coded as 0 and as 1. configuration: columns with whose equal values runs are
    repetitions of each other; empty if every run is its own configuration. endings: number of runs by state, if a column holds it.
    """

    xs: tuple[str, ...]
    ys: tuple[str, ...]
    cells: tuple[Cell, ...]
    columns: dict[str, Values]
    words: dict[str, tuple[str, str]]
    configuration: tuple[str, ...]
    group: tuple[str, ...]
    clusters: npt.NDArray[np.int64]
    skipped: dict[str, str]
    runs: int
    endings: dict[str, int]


def read(path: Path) -> pl.DataFrame:
    """Reads a table of runs with every column as text; the separator is a comma, a semicolon or a tab. Raises Problem for an invalid table.

    If the separator is a semicolon, commas in numbers are decimal points, as spreadsheets in many countries write them. A column without a
    name, such as the index that pandas writes, is named by its position.
    """
    if not path.is_file():
        raise Problem(f"There is no table at {path}.")
    separator = ","
    try:
        with path.open(encoding="utf-8-sig") as file:
            first = file.readline()
        separator = max(",;\t", key=first.count)
        table = pl.read_csv(path, infer_schema=False, separator=separator)
    except UnicodeDecodeError as error:
        raise Problem(
            f"{path} is not written in UTF-8 (byte {error.start + 1} is {error.object[error.start]:#04x}); save it as UTF-8."
        ) from None
    except pl.exceptions.PolarsError as error:
        reason = _uneven_line(path, separator) or str(error).splitlines()[0]
        raise Problem(f"{path} is not a table of comma-separated values: {reason}") from None
    table = table.rename({name: f"column {place}" for place, name in enumerate(table.columns, 1) if not name.strip()})
    if table.height < 3:
        raise Problem(f"{path} has {counted(table.height, 'row')}; correlations need a header and at least three rows, one per run.")
    if separator == ";":
        commas = [name for name in table.columns if _have_commas(table[name].drop_nulls().to_list())]
        table = table.with_columns(pl.col(name).str.replace(",", ".", literal=True) for name in commas)
    return table


def _have_commas(words: Sequence[str]) -> bool:
    """True if all words are numbers or empty, some contain a comma, and none contains a point."""
    known = [word.strip() for word in words if word.strip().lower() not in _UNKNOWN]
    return any("," in word for word in known) and all(_DECIMAL_COMMA.fullmatch(word) or word.lower() in _NOT_FINITE for word in known)


def _uneven_line(path: Path, separator: str) -> str:
    """A sentence about the first line with more values than the header has names; empty if there is none."""
    with path.open(encoding="utf-8-sig", newline="") as file:
        lines = csv.reader(file, delimiter=separator)
        names = len(next(lines, ()))
        for values in lines:
            if len(values) > names:
                return f"line {lines.line_num} has {counted(len(values), 'value')}, but the header has {counted(names, 'name')}."
    return ""


def numbers(column: Sequence[str | None]) -> Values | str:
    """A column of text as numbers `[n]`: "1,014.45", "93.1%", yes and no, or two distinct words as 0 and 1; empty values are NaN.

    Returns the reason as a string if the column is not numeric.

    >>> [list(map(float, numbers(column))) for column in (["1,014.5", "2e-3", None], ["adam", "sgd", "adam"], ["True", "False"])]
    [[1014.5, 0.002, nan], [0.0, 1.0, 0.0], [1.0, 0.0]]
    """
    words = ["" if text is None else text.strip() for text in column]
    known = [word for word in words if word.lower() not in _UNKNOWN]
    if not known:
        return "it is empty"
    if all(known[0] == word for word in known) and not _NUMBER.fullmatch(known[0]):
        return "it is the same in all runs"
    if all((_NUMBER.fullmatch(word) and re.search(r"\d", word)) or word.lower() in _NOT_FINITE for word in known):
        return np.array([_number(word) for word in words])
    kinds = _kinds(words)
    if len(kinds) == 2:
        return np.array([float(kinds.index(word)) if (word := _word(text)) else np.nan for text in words])
    return f"it holds {len(kinds)} different words, such as {' and '.join(kinds[:2])}"


def _word(word: str) -> str:
    """The word, with yes and no in lower case; an empty string for unknown and non-finite values."""
    lower = word.strip().lower()
    return "" if lower in _UNKNOWN or lower in _NOT_FINITE else lower if lower in _YES | _NO else word.strip()


def _kinds(words: Sequence[str]) -> list[str]:
    """The distinct words, sorted, with yes last."""
    return sorted({_word(word) for word in words} - {""}, key=lambda word: (word in _YES, word))


def _number(word: str) -> float:
    if word.lower() in _UNKNOWN:
        return float("nan")
    if word.lower() in _NOT_FINITE:
        return _NOT_FINITE[word.lower()]
    return float(word.replace(",", "").removesuffix("%")) / (100 if word.endswith("%") else 1)


def correlate(
    table: pl.DataFrame,
    xs: Sequence[str] = (),
    ys: Sequence[str] = (),
    configuration: Sequence[str] = (),
    group: Sequence[str] = (),
    state: str = "",
) -> Correlations:
    """Correlates each of `xs` with each of `ys` (default: all numeric columns) over the rows of a table, which are runs.

    Names may be patterns (`hp_*`); columns matched by a pattern that are not numeric are left out. configuration: columns with whose equal
    values rows are repetitions of each other, which are resampled together; default: each row by itself. group: columns within whose values
    r is computed as well. state: the column with the state of each run; its values are counted, and it is compared like any other column.
    Raises Problem for a missing column, and for one that is named in full but not numeric.
    """
    requested = {*xs, *ys}
    xs, ys, configuration, group = (_matches(names, table.columns) for names in (xs, ys, configuration, group))
    columns: dict[str, Values] = {}
    coded: dict[str, tuple[str, str]] = {}
    skipped: dict[str, str] = {}
    for name in dict.fromkeys([*xs, *ys]) if xs and ys else table.columns:
        words = table[name].cast(pl.String).to_list()
        values = numbers(words)
        if isinstance(values, str):
            if name in requested:
                raise Problem(f"The column '{name}' cannot be correlated: {values}.")
            skipped[name] = values
        elif not np.isfinite(values).any():
            skipped[name] = "no run has a finite value"
        elif np.nanmax(np.where(np.isfinite(values), values, np.nan)) == np.nanmin(np.where(np.isfinite(values), values, np.nan)):
            skipped[name] = "it is the same in all runs"
        else:
            columns[name] = values
            if len(kinds := _kinds([word or "" for word in words])) == 2 and not any(_NUMBER.fullmatch(word) for word in kinds):
                coded[name] = (kinds[0], kinds[1])
    first = [name for name in dict.fromkeys(xs or columns) if name in columns]
    second = [name for name in dict.fromkeys(ys or columns) if name in columns]
    clusters, groups = _codes(table, configuration), _codes(table, group)
    pairs = [(x, y) for x in first for y in second if x != y and not (x in second and y in first and first.index(x) > first.index(y))]
    if not pairs:
        reasons = "; ".join(f"{name}, because {reason}" for name, reason in list(skipped.items())[:5])
        raise Problem(f"There are no two columns to correlate{f'; left out are {reasons}' if reasons else ''}.")
    results = adjusted([correlation(columns[x], columns[y], clusters, groups if group else None) for x, y in pairs])
    return Correlations(
        tuple(first),
        tuple(second),
        tuple(Cell(x, y, result) for (x, y), result in zip(pairs, results, strict=True)),
        columns,
        coded,
        tuple(configuration),
        tuple(group),
        clusters,
        skipped,
        table.height,
        _counts(table[state].to_list()) if state else {},
    )


def trend(table: pl.DataFrame, names: Sequence[str], configuration: Sequence[str]) -> Estimate:
    """The trend of values along ordered columns (such as layers by depth): Pearson's r of position and value in each run.

    Returns the mean over configurations of the mean over their runs, with its interval over configurations. Runs that lack a value are
    left out.
    """
    known = table.drop_nulls(names)
    places = np.arange(len(names), dtype=np.float64)
    slopes = pl.Series("r", [fisher(places, row).value for row in known.select(names).to_numpy()], dtype=pl.Float64)
    if missing := slopes.null_count():
        return undefined(f"the correlation of position and value over {len(names)} columns is undefined in {counted(missing, 'run')}")
    means = known.with_columns(slopes).group_by(configuration, maintain_order=True).agg(pl.col("r").mean())
    return over_draws(means["r"].to_list(), "configuration", (-1.0, 1.0))


def _counts(words: Sequence[str | None]) -> dict[str, int]:
    """The count of each word, most frequent first."""
    return dict(Counter(word or "unknown" for word in words).most_common())


def indicators(table: pl.DataFrame, names: Sequence[str], most: int = 12) -> tuple[pl.DataFrame, tuple[str, ...]]:
    """The table with yes/no indicator columns for each categorical column among `names` (up to `most` words), and the columns to correlate.

    >>> indicators(pl.DataFrame({"pair": ["01", "ab", "cd"], "rate": ["1", "2", "3"]}), ["pair", "rate"])[1]
    ('pair is 01', 'pair is ab', 'pair is cd', 'rate')
    """
    columns: list[str] = []
    for name in names:
        words = table[name].to_list()
        kinds = sorted({word for word in words if word})  # "none" counts as a word here
        numeric = not isinstance(numbers(words), str) and not _UNKNOWN & {kind.lower() for kind in kinds}
        if numeric or not 1 < len(kinds) <= most:
            columns.append(name)
            continue
        for kind in kinds[len(kinds) == 2 :]:  # two words need only one indicator
            flags = [None if not word else "yes" if word == kind else "no" for word in words]
            table = table.with_columns(pl.Series(f"{name} is {kind}", flags, dtype=pl.String))
            columns.append(f"{name} is {kind}")
    return table, tuple(columns)


def _matches(names: Sequence[str], columns: Sequence[str]) -> list[str]:
    """The columns with these names or patterns, without duplicates. Raises Problem for a name without match."""
    result: dict[str, None] = {}
    for name in names:
        matching = [name] if name in columns else [column for column in columns if fnmatchcase(column, name)]
        if not matching:
            raise Problem(f"There is no column '{name}'; the columns are: {listing(columns)}.{nearest(name, columns)}")
        result |= dict.fromkeys(matching)
    return list(result)


def _codes(table: pl.DataFrame, names: Sequence[str]) -> npt.NDArray[np.int64]:
    """`[n]`: a code for each combination of these columns' values; without columns, each row has its own code."""
    if not names:
        return np.arange(table.height)
    return table.select(pl.struct(names).rank("dense").cast(pl.Int64)).to_series().to_numpy()
