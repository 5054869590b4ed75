"""Splits of rows into training, validation and query rows that share no group."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

import numpy as np
from pydantic import Field

from scratchlab.checks import Problem, counted, listing, nearest
from scratchlab.types import Rows, Samples, Strings

Fraction = Annotated[float, Field(ge=0, lt=1)]
Test = Annotated[
    Fraction | list[str], Field(description="test groups: names, or a fraction; the publisher's split takes precedence over a fraction")
]
Valid = Annotated[Fraction | list[str], Field(description="validation groups: names, or a fraction of the remaining groups; 0: none")]
Disjoint = Annotated[
    list[str],
    Field(description="columns of groups in which training, validation and test are disjoint; empty: the source's first column"),
]


@dataclass(frozen=True)
class Pools:
    """Three disjoint arrays of rows; no group is in two of them."""

    train: Rows
    valid: Rows
    query: Rows


def pools(
    samples: Samples,
    groups: Strings,
    test: float | list[str],
    valid: float | list[str],
    rng: np.random.Generator,
    *,
    what: str,
    suffix: str = "",
) -> Pools:
    """Splits all rows into training, validation and query rows that share no group (`groups` `[n]`).

    test, valid: names of groups, or a fraction of the groups; where every row is a group of its own, the fraction is taken of each class,
    so that no class loses its rows by chance. The publisher's split takes precedence over a fraction, but not over names. what: the noun
    for a group in messages. suffix: follows "protocol.test" and "protocol.valid" in the names of the settings. Raises Problem where a
    group would be in two parts, or where training or query would be empty.
    """
    part = samples.splits.astype("<U5").copy()
    settings = {name: f"protocol.{name}{suffix}" for name in ("test", "valid")}
    repeated = set(test) & set(valid) if isinstance(test, list) and isinstance(valid, list) else set[str]()
    if repeated:
        raise Problem(f"{settings['test']} and {settings['valid']} both name {listing(sorted(repeated), 3)}; name each {what} once.")
    # names first, since a fraction is taken of the groups that are not named
    for name, selection in sorted((("test", test), ("valid", valid)), key=lambda item: not isinstance(item[1], list)):
        _assign(samples.labels, groups, part, name, selection, rng, settings[name], what)
    part[part == ""] = "train"
    for first, second in (("train", "valid"), ("train", "test"), ("valid", "test")):
        shared = np.intersect1d(groups[part == first], groups[part == second])
        if len(shared):
            raise Problem(
                f"{counted(len(shared), 'group')} ({listing(shared, 3)}) of the publisher's split are in both {first} and {second}; "
                f"name groups in {settings['test']} and {settings['valid']} for a group-disjoint split."
            )
    train, validation, query = (np.flatnonzero(part == name) for name in ("train", "valid", "test"))
    for name, rows in (("training", train), ("query", query)):
        if len(rows) == 0:
            raise Problem(f"The split leaves no {name} rows out of {len(samples)}; change {settings['test']} or {settings['valid']}.")
    return Pools(train, validation, query)


def _assign(
    labels: Rows, groups: Strings, part: Strings, name: str, selection: float | list[str], rng: np.random.Generator, setting: str, what: str
) -> None:
    """Sets `part` `[n]` to `name`, in place, for the rows of the groups that `selection` names or of a drawn fraction of the groups."""
    if isinstance(selection, list):
        unknown = [group for group in selection if group not in groups]
        if unknown:
            available = f"there are: {listing(np.unique(groups))}.{nearest(unknown[0], groups)}"
            raise Problem(f"{setting} names {listing(unknown, 3)}, which is no {what}; {available}")
        part[part == name] = ""
        part[np.isin(groups, selection)] = name
    elif name not in part and selection > 0:
        unassigned = (part == "") | (part == "train")
        free = np.unique(groups[unassigned])
        if len(free) == unassigned.sum():
            part[fraction_of_each_class(labels, np.flatnonzero(unassigned), selection, rng)] = name
            return
        if len(free) == 1:
            zero = ", or set protocol.valid = 0" if name == "valid" else ""
            raise Problem(
                f"{setting} = {selection:g} cannot be drawn: all {unassigned.sum()} rows left are of one {what}, because rows that share a "
                f"value of any column in protocol.disjoint stay together; name other columns there, or add data{zero}."
            )
        number = max(1, round(selection * len(free)))
        if number >= len(free):
            raise Problem(f"{setting} = {selection:g} would select all of {counted(len(free), what)}; lower it, or add data.")
        part[np.isin(groups, rng.permutation(free)[:number])] = name


def fraction_of_each_class(labels: Rows, rows: Rows, fraction: float, rng: np.random.Generator) -> Rows:
    """Draws this fraction of the given rows of each class: at least one row, and never all."""
    by_class = [rows[labels[rows] == label] for label in np.unique(labels[rows])]
    return np.concatenate([rng.permutation(own)[: min(len(own) - 1, max(1, round(fraction * len(own))))] for own in by_class])


def check_samples(samples: object) -> None:
    """Raises Problem unless these are Samples."""
    if not isinstance(samples, Samples):
        advice = "call its read()" if hasattr(samples, "read") else "scratchlab.data.from_arrays(inputs, labels) makes them of tensors"
        raise Problem(f"It takes Samples, not {type(samples).__name__}; {advice}.")
