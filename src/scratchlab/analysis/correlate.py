"""Which settings go with which results, over the runs of a table: every pair of columns correlated, sure or not, and why."""

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
    """One pair of columns and what is known of them."""

    x: str
    y: str
    found: Correlation


@dataclass(frozen=True)
class Correlations:
    """Every pair that was compared; the columns as numbers `[runs]`, for the scatter behind each; columns left out, and why.

    words: of a column of two words, those that stand as 0 and as 1. configuration: what makes runs repetitions of each other; empty where
    every run is its own. endings: how many runs came to which end, where a column tells of it.
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
    """A table of runs, every column as text; between columns a comma, a semicolon or a tab. Raises Problem for what is no table.

    Beside semicolons a comma within a number is its decimal point, as spreadsheets of many countries write it. A column without a name, as
    the index that pandas writes, is called by its place.
    """
    if not path.is_file():
        raise Problem(f"There is no table at {path}.")
    separator = ","
    try:
        with path.open(encoding="utf-8-sig") as file:
            first = file.readline()
        separator = max(",;\t", key=first.count)
        found = pl.read_csv(path, infer_schema=False, separator=separator)
    except UnicodeDecodeError as error:
        raise Problem(f"{path} is not written in UTF-8 (byte {error.start + 1} is {error.object[error.start]:#04x}); save it so.") from None
    except pl.exceptions.PolarsError as error:
        told = _uneven(path, separator) or str(error).splitlines()[0]
        raise Problem(f"{path} is no table of comma-separated values: {told}") from None
    found = found.rename({name: f"column {place}" for place, name in enumerate(found.columns, 1) if not name.strip()})
    if found.height < 3:
        raise Problem(f"{path} has {counted(found.height, 'row')}; a correlation needs three runs or more, a row each, below the names.")
    if separator == ";":
        commas = [name for name in found.columns if _have_commas(found[name].drop_nulls().to_list())]
        found = found.with_columns(pl.col(name).str.replace(",", ".", literal=True) for name in commas)
    return found


def _have_commas(words: Sequence[str]) -> bool:
    """Whether all are numbers, or nothing, and none has a point."""
    known = [word.strip() for word in words if word.strip().lower() not in _UNKNOWN]
    return any("," in word for word in known) and all(_DECIMAL_COMMA.fullmatch(word) or word.lower() in _NOT_FINITE for word in known)


def _uneven(path: Path, separator: str) -> str:
    """Which line has more values than there are names, if one has."""
    with path.open(encoding="utf-8-sig", newline="") as file:
        lines = csv.reader(file, delimiter=separator)
        names = len(next(lines, ()))
        for values in lines:
            if len(values) > names:
                return f"line {lines.line_num} has {counted(len(values), 'value')}, but there are {counted(names, 'name')}."
    return ""


def numbers(column: Sequence[str | None]) -> Values | str:
    """A column of text as numbers `[n]`: "1,014.45", "93.1%", yes and no, or one of two words; nothing as NaN. Otherwise why it is none.

    >>> [list(map(float, numbers(column))) for column in (["1,014.5", "2e-3", None], ["adam", "sgd", "adam"], ["True", "False"])]
    [[1014.5, 0.002, nan], [0.0, 1.0, 0.0], [1.0, 0.0]]
    """
    words = ["" if one is None else one.strip() for one in column]
    known = [word for word in words if word.lower() not in _UNKNOWN]
    if not known:
        return "it is empty"
    if all(known[0] == word for word in known) and not _NUMBER.fullmatch(known[0]):
        return "it is the same in all runs"
    if all((_NUMBER.fullmatch(word) and re.search(r"\d", word)) or word.lower() in _NOT_FINITE for word in known):
        return np.array([_number(word) for word in words])
    kinds = _kinds(words)
    if len(kinds) == 2:
        return np.array([float(kinds.index(word)) if (word := _word(one)) else np.nan for one in words])
    return f"it holds {len(kinds)} different words, such as {' and '.join(kinds[:2])}"


def _word(word: str) -> str:
    """Yes and no in small letters; what is no word beside words, as a nan, is empty."""
    lower = word.strip().lower()
    return "" if lower in _UNKNOWN or lower in _NOT_FINITE else lower if lower in _YES | _NO else word.strip()


def _kinds(words: Sequence[str]) -> list[str]:
    """The different words, yes last."""
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
    """Each of `xs` with each of `ys` (every column of numbers, if none is named), over the runs that are the rows of a table.

    Names may be patterns (`hp_*`), of which what is no number is left out. configuration: columns whose values make rows repetitions of
    each other, which are then drawn together; without them each row is its own. group: columns inside whose values r is told once more.
    state: the column that tells how each run ended; its words are counted, beside being compared like any other.
    Raises Problem for a column that is not there or is named in full but no number.
    """
    named = {*xs, *ys}
    xs, ys, configuration, group = (_matching(names, table.columns) for names in (xs, ys, configuration, group))
    columns: dict[str, Values] = {}
    coded: dict[str, tuple[str, str]] = {}
    skipped: dict[str, str] = {}
    for name in dict.fromkeys([*xs, *ys]) if xs and ys else table.columns:
        words = table[name].cast(pl.String).to_list()
        made = numbers(words)
        if isinstance(made, str):
            if name in named:
                raise Problem(f"The column '{name}' cannot be correlated: {made}.")
            skipped[name] = made
        elif not np.isfinite(made).any():
            skipped[name] = "no run has a finite value"
        elif np.nanmax(np.where(np.isfinite(made), made, np.nan)) == np.nanmin(np.where(np.isfinite(made), made, np.nan)):
            skipped[name] = "it is the same in all runs"
        else:
            columns[name] = made
            if len(kinds := _kinds([word or "" for word in words])) == 2 and not any(_NUMBER.fullmatch(word) for word in kinds):
                coded[name] = (kinds[0], kinds[1])
    first = [name for name in dict.fromkeys(xs or columns) if name in columns]
    second = [name for name in dict.fromkeys(ys or columns) if name in columns]
    clusters, groups = _together(table, configuration), _together(table, group)
    pairs = [(x, y) for x in first for y in second if x != y and not (x in second and y in first and first.index(x) > first.index(y))]
    if not pairs:
        told = "; ".join(f"{name}, because {why}" for name, why in list(skipped.items())[:5])
        raise Problem(f"There are no two columns to correlate{f': left out are {told}' if told else ''}.")
    found = adjusted([correlation(columns[x], columns[y], clusters, groups if group else None) for x, y in pairs])
    return Correlations(
        tuple(first),
        tuple(second),
        tuple(Cell(x, y, one) for (x, y), one in zip(pairs, found, strict=True)),
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
    """Whether values rise along columns in this order (of layers, with depth): Pearson's r of a column's place and its value, in each run.

    The mean over configurations of the mean over their runs, and its interval over configurations. Runs without a value are left out.
    """
    known = table.drop_nulls(names)
    places = np.arange(len(names), dtype=np.float64)
    rising = pl.Series("r", [fisher(places, row).value for row in known.select(names).to_numpy()], dtype=pl.Float64)
    if lacking := rising.null_count():
        return undefined(f"{len(names)} columns have no correlation with their place in {counted(lacking, 'run')}")
    means = known.with_columns(rising).group_by(configuration, maintain_order=True).agg(pl.col("r").mean())
    return over_draws(means["r"].to_list(), "configuration", (-1.0, 1.0))


def _counts(words: Sequence[str | None]) -> dict[str, int]:
    """How often each word stands there, the most frequent first."""
    return dict(Counter(word or "unknown" for word in words).most_common())


def told_apart(table: pl.DataFrame, names: Sequence[str], most: int = 12) -> tuple[pl.DataFrame, tuple[str, ...]]:
    """The table, and what stands for these columns as numbers: of one of several words, yes and no for each of them, up to `most`.

    >>> told_apart(pl.DataFrame({"pair": ["01", "ab", "cd"], "rate": ["1", "2", "3"]}), ["pair", "rate"])[1]
    ('pair is 01', 'pair is ab', 'pair is cd', 'rate')
    """
    standing: list[str] = []
    for name in names:
        words = table[name].to_list()
        kinds = sorted({word for word in words if word})  # here "none" is a word like others
        plain = not isinstance(numbers(words), str) and not _UNKNOWN & {kind.lower() for kind in kinds}
        if plain or not 1 < len(kinds) <= most:
            standing.append(name)
            continue
        for kind in kinds[len(kinds) == 2 :]:  # of two words, one tells the other
            answers = [None if not word else "yes" if word == kind else "no" for word in words]
            table = table.with_columns(pl.Series(f"{name} is {kind}", answers, dtype=pl.String))
            standing.append(f"{name} is {kind}")
    return table, tuple(standing)


def _matching(names: Sequence[str], there: Sequence[str]) -> list[str]:
    """The columns of these names or patterns, each once. Raises Problem where there is none."""
    found: dict[str, None] = {}
    for name in names:
        fitting = [name] if name in there else [one for one in there if fnmatchcase(one, name)]
        if not fitting:
            raise Problem(f"There is no column '{name}'; there are: {listing(there)}.{nearest(name, there)}")
        found |= dict.fromkeys(fitting)
    return list(found)


def _together(table: pl.DataFrame, names: Sequence[str]) -> npt.NDArray[np.int64]:
    """`[n]`: a number for each combination of these columns' values; each row its own, if none is named."""
    if not names:
        return np.arange(table.height)
    return table.select(pl.struct(names).rank("dense").cast(pl.Int64)).to_series().to_numpy()
