"""Which rows may train, which may choose, which are asked: cut between groups, never through one."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

import numpy as np
from pydantic import Field

from scratchlab.checks import Problem, counted, listing, nearest
from scratchlab.types import Rows, Samples, Strings

Share = Annotated[float, Field(ge=0, lt=1)]
Test = Annotated[
    float | list[str], Field(description="test groups: a share, or names; the publisher's split takes precedence over a share")
]
Valid = Annotated[Share | list[str], Field(description="validation groups: a share of the rest, or names; 0 for none")]
Disjoint = Annotated[
    list[str], Field(description="columns of groups that no split may cut, as in ['speaker']; empty: the first that the source has")
]


@dataclass(frozen=True)
class Pools:
    """Three disjoint arrays of rows; no group stands in two of them."""

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
    """Train, validation and query rows; groups: `[n]`, which must not be cut. what, suffix: what a group is called in messages, and what
    follows "protocol.test" and "protocol.valid" in the names of the two settings.

    `test` and `valid` are shares of the groups, or the names of groups. Where every row is a group of its own, shares are taken of each
    class, so that none is left without rows by chance. The publisher's own split is used where it has one, as long as `test` (or `valid`)
    is a share: to go against it, name groups. Raises Problem when a group would stand on two sides or a side would be empty.
    """
    side = samples.splits.astype("<U5").copy()
    settings = {name: f"protocol.{name}{suffix}" for name in ("test", "valid")}
    twice = set(test) & set(valid) if isinstance(test, list) and isinstance(valid, list) else set[str]()
    if twice:
        raise Problem(f"{settings['test']} and {settings['valid']} both name {listing(sorted(twice), 3)}; name each {what} once.")
    named_first = sorted(
        (("test", test), ("valid", valid)), key=lambda one: not isinstance(one[1], list)
    )  # a share leaves out what is named
    for name, wanted in named_first:
        _assign(samples.labels, groups, side, name, wanted, rng, settings[name], what)
    side[side == ""] = "train"
    for one, other in (("train", "valid"), ("train", "test"), ("valid", "test")):
        shared = np.intersect1d(groups[side == one], groups[side == other])
        if len(shared):
            raise Problem(
                f"{counted(len(shared), 'group')} ({listing(shared, 3)}) stand in both {one} and {other} of the publisher's split; "
                f"name groups in {settings['test']} and {settings['valid']} to cut between them."
            )
    train, chosen, query = (np.flatnonzero(side == name) for name in ("train", "valid", "test"))
    for name, rows in (("training", train), ("query", query)):
        if len(rows) == 0:
            raise Problem(f"The split leaves no {name} rows out of {len(samples)}; change {settings['test']} or {settings['valid']}.")
    return Pools(train, chosen, query)


def _assign(
    labels: Rows, groups: Strings, side: Strings, name: str, wanted: float | list[str], rng: np.random.Generator, setting: str, what: str
) -> None:
    """Marks `wanted` groups with the side's `name`, in place."""
    if isinstance(wanted, list):
        unknown = [group for group in wanted if group not in groups]
        if unknown:
            there = f"there are: {listing(np.unique(groups))}.{nearest(unknown[0], groups)}"
            raise Problem(f"{setting} names {listing(unknown, 3)}, which is no {what}; {there}")
        side[side == name] = ""
        side[np.isin(groups, wanted)] = name
    elif name not in side and wanted > 0:
        left = (side == "") | (side == "train")
        free = np.unique(groups[left])
        if len(free) == left.sum():
            side[share_of_each_class(labels, np.flatnonzero(left), wanted, rng)] = name
            return
        number = max(1, round(wanted * len(free)))
        if number >= len(free):
            raise Problem(
                f"{setting} = {wanted:g} would take all {counted(len(free), what)} there {'is' if len(free) == 1 else 'are'}; "
                "take a smaller share, or more data."
            )
        side[np.isin(groups, rng.permutation(free)[:number])] = name


def share_of_each_class(labels: Rows, rows: Rows, share: float, rng: np.random.Generator) -> Rows:
    """That share of each class's rows among these, drawn: one at least, and never all."""
    of_class = [rows[labels[rows] == label] for label in np.unique(labels[rows])]
    return np.concatenate([rng.permutation(own)[: min(len(own) - 1, max(1, round(share * len(own))))] for own in of_class])
