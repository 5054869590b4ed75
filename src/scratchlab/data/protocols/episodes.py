"""Few-shot episodes: n classes that training never saw, k labelled rows of each, and queries.

Source: Vinyals et al. (2016), "Matching networks for one shot learning", arXiv 1606.04080. Departures, on purpose: groups do not cross
where they can be kept apart, and where they cross the result says so; queries are balanced and imbalanced; unknown classes may be asked.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Annotated

import numpy as np
from pydantic import Field

from scratchlab.checks import Problem, counted, listing
from scratchlab.data.protocols.drawing import ClassRows, choose_classes, dirichlet_counts, draw_rows
from scratchlab.data.protocols.pools import Disjoint, Pools, Share, pools
from scratchlab.types import Plan, Rows, Samples, Split, Strings
from scratchlab.types import rows as as_rows

BALANCED, DIRICHLET = "balanced", "dirichlet"
CUT, CUT_GROUPS, CLASSES, ROWS, UNKNOWN, PROPORTIONS = range(1, 7)  # a generator for each purpose


@dataclass(frozen=True)
class Queries:
    """rows: `[episode, q]`. target: `[episode, q]`, the place of each row's class among the episode's, -1 for an unknown class."""

    rows: Rows
    target: Rows


@dataclass(frozen=True)
class EpisodesPlan(Plan):
    """shots: the sizes of support that are tried. support: `[episode, way, shot]` for the largest; a smaller one is its first shots.

    classes: `[episode, way]` labels. queries_by: "balanced" and, if asked for, "dirichlet". notes: what is disjoint and what is not.
    """

    shots: tuple[int, ...]
    support: Rows
    classes: Rows
    queries_by: Mapping[str, Queries]
    notes: tuple[str, ...]

    def __post_init__(self) -> None:
        learned = np.concatenate([self.split.train, self.split.valid])
        shared = np.intersect1d(learned, np.concatenate([self.support.ravel(), self.queries]))
        if len(shared):
            raise Problem(f"{counted(len(shared), 'row')} of the episodes stand in training or validation too.")

    @property
    def queries(self) -> Rows:
        """The rows that stand for all queries: those that are asked in any episode, each once."""
        return np.unique(np.concatenate([queries.rows.ravel() for queries in self.queries_by.values()]))

    @property
    def rows(self) -> Rows:
        """Every row that is needed, each once."""
        return np.unique(np.concatenate([super().rows, self.support.ravel(), self.queries]))


class Episodes:
    """`episodes` tasks of `way` test classes each, with `shots` labelled rows and `query` queries a class.

    Training, validation and test share no class. Where a column of groups holds whole classes (alphabets), it is the column that is cut,
    in the publisher's split if there is one. Where it crosses the classes (speakers), only classes are cut, unless `disjoint` names the
    column: then training rows are training classes of training groups, and test rows are test classes of test groups.
    """

    kind = "episodes"

    def __init__(
        self,
        seed: int = 0,
        *,
        way: Annotated[int, Field(ge=2, description="classes an episode")] = 5,
        shots: Annotated[
            list[Annotated[int, Field(ge=1)]],
            Field(
                min_length=1, description="labelled rows a class; of several, each is the beginning of the largest, in the same episodes"
            ),
        ] = [1, 5],
        query: Annotated[int, Field(ge=1, description="queries a class")] = 5,
        episodes: Annotated[int, Field(ge=1, description="episodes; more of them leave the first as they were")] = 1000,
        dirichlet: Annotated[
            float, Field(ge=0, description="alpha of imbalanced queries, asked beside the balanced ones; 0 for balanced ones alone")
        ] = 2.0,
        unknown: Annotated[int, Field(ge=0, description="classes an episode whose queries belong to none of its classes")] = 0,
        test: Annotated[
            Share | list[str],
            Field(description="test classes: a share of the groups that hold whole classes, else of the classes; or names"),
        ] = 0.25,
        valid: Annotated[
            Share | list[str], Field(description="validation classes, disjoint from both: a share of the rest, or names; 0 for none")
        ] = 0.15,
        disjoint: Disjoint = [],
        test_groups: Annotated[
            Share | list[str],
            Field(description="where `disjoint` names a column that crosses the classes: its test groups, a share or names"),
        ] = 0.25,
        valid_groups: Annotated[
            Share | list[str], Field(description="the same of validation groups, where there are validation classes")
        ] = 0.15,
        apart: Annotated[
            list[str], Field(description="columns of groups that support and queries of an episode may not share, as in ['recording']")
        ] = [],
    ) -> None:
        if len(set(shots)) < len(shots):
            raise Problem(f"protocol.shots = {shots} names a number twice.")
        self.seed, self.way, self.shots, self.query, self.episodes = seed, way, tuple(shots), query, episodes
        self.dirichlet, self.unknown, self.test, self.valid = dirichlet, unknown, test, valid
        self.disjoint, self.test_groups, self.valid_groups, self.apart = disjoint, test_groups, valid_groups, apart

    def _rng(self, purpose: int) -> np.random.Generator:
        return np.random.default_rng([self.seed, purpose])

    def plan(self, samples: Samples) -> EpisodesPlan:
        """All episodes. Raises Problem where there are too few test classes, and naming the class that has too few rows."""
        cut = self._cut(samples)
        labels = np.unique(samples.labels[cut.query])
        number = self.way + self.unknown
        if len(labels) < number:
            more = "name more in protocol.test" if isinstance(self.test, list) else f"raise protocol.test = {self.test:g}"
            raise Problem(
                f"An episode needs {number} test classes (protocol.way + protocol.unknown), but there are {len(labels)} "
                f"({listing([samples.classes[int(label)] for label in labels], 5)}); {more}, or lower protocol.way."
            )
        pool = self._pool(samples, cut.query, labels)
        chosen = choose_classes(len(labels), number, self.episodes, self._rng(CLASSES))
        shot, total = max(self.shots), self.way * self.query
        drawn = draw_rows(pool, chosen[:, : self.way], shot, total if self.dirichlet else self.query, [self.seed, ROWS])
        unknown = draw_rows([ClassRows(one.rows) for one in pool], chosen[:, self.way :], 0, self.query, [self.seed, UNKNOWN]).candidates
        counts = {BALANCED: np.full((self.episodes, self.way), self.query)}
        notes = [*self._notes(samples, cut)]
        if self.dirichlet:
            counts[DIRICHLET], short = dirichlet_counts(self.dirichlet, total, drawn.available, self._rng(PROPORTIONS))
            if short:
                notes.append(
                    f"In {short} of {counted(self.episodes, 'episode')} a class has fewer rows than its Dirichlet proportion asks for; the "
                    "episode's other classes give more, so these are less imbalanced."
                )
        split = Split(cut.train, cut.valid, as_rows(), as_rows(), np.unique(samples.labels[cut.train]))
        queries = {name: _queries(drawn.candidates, one, unknown) for name, one in counts.items()}
        return EpisodesPlan(split, samples.ids, "", self.shots, drawn.support, labels[chosen[:, : self.way]], queries, tuple(notes))

    # -- which rows -----------------------------------------------------------------------------------

    def _cut(self, samples: Samples) -> Pools:
        """Training, validation and test rows, disjoint in classes and in what `disjoint` names."""
        groups, columns = samples.grouped(self.disjoint), samples.named(self.disjoint)
        named = {name for wanted in (self.test, self.valid) if isinstance(wanted, list) for name in wanted}
        pairs = set(zip(groups.tolist(), samples.labels.tolist(), strict=True))
        holds_classes = bool(columns) and len(pairs) == len(np.unique(samples.labels))
        if holds_classes and not named & set(samples.classes):
            return pools(samples, groups, self.test, self.valid, self._rng(CUT), what=samples.group_name(self.disjoint))
        unsplit = replace(samples, splits=np.full(len(samples), ""))
        cut = pools(unsplit, np.array(samples.classes)[samples.labels], self.test, self.valid, self._rng(CUT), what="class")
        if self.disjoint and not holds_classes:
            valid_groups = self.valid_groups if len(cut.valid) else 0.0
            what = samples.group_name(self.disjoint)
            own = pools(samples, groups, self.test_groups, valid_groups, self._rng(CUT_GROUPS), what=what, suffix="_groups")
            both = (cut.train, own.train), (cut.valid, own.valid), (cut.query, own.query)
            cut = Pools(*(np.intersect1d(*one) for one in both))
            for name, one in zip(("training", "validation", "test"), both, strict=True):
                if len(one[0]) and not len(np.intersect1d(*one)):
                    raise Problem(
                        f"No row is both of a {name} class and of a {name} group ({listing(self.disjoint)}); change protocol.test, "
                        "protocol.valid, protocol.test_groups or protocol.valid_groups."
                    )
        for column in self.disjoint:
            if len(shared := _shared(samples.groups[column], cut)):
                raise Problem(
                    f"protocol.test and protocol.valid name classes, so that {listing(shared, 3)} ({column}) would be on two sides; name "
                    f"whole groups, or leave '{column}' out of protocol.disjoint."
                )
        return cut

    def _pool(self, samples: Samples, rows: Rows, labels: Rows) -> list[ClassRows]:
        """The test rows of each class. Raises Problem naming a class that has too few."""
        apart = samples.grouped(self.apart, "protocol.apart") if self.apart else None
        shot, pool = max(self.shots), list[ClassRows]()
        for label in labels:
            own, name = rows[samples.labels[rows] == label], samples.classes[int(label)]
            if len(own) < shot + self.query:
                raise Problem(
                    f"Class '{name}' has {counted(len(own), 'test row')}, but an episode takes {shot + self.query} of a class ({shot} of "
                    f"protocol.shots and {self.query} of protocol.query); lower them, or name test classes without it in protocol.test."
                )
            pool.append(ClassRows(own) if apart is None else self._kept_apart(own, apart[own], name))
        return pool

    def _kept_apart(self, rows: Rows, groups: Strings, name: str) -> ClassRows:
        """The rows of a class whose support may use some groups and whose queries come from the others.

        The support may use about its share of the groups, but few enough that any choice leaves `query` rows, and enough for its shots.
        """
        _, group, sizes = np.unique(groups, return_inverse=True, return_counts=True)
        shot, ascending = max(self.shots), np.cumsum(np.sort(sizes))
        fewest = int((ascending < shot).sum()) + 1
        most = int((len(rows) - np.cumsum(np.sort(sizes)[::-1]) >= self.query).sum())
        if fewest > most:
            raise Problem(
                f"Class '{name}' has {counted(len(rows), 'test row')} in {counted(len(sizes), 'group')} ({listing(self.apart)}), which "
                f"cannot always be parted into {shot} support rows and {self.query} queries that share none (protocol.apart); lower "
                "protocol.shots or protocol.query, or name test classes without it in protocol.test."
            )
        return ClassRows(rows, group, min(max(round(len(sizes) * shot / (shot + self.query)), fewest), most))

    # -- what a reader must know ----------------------------------------------------------------------

    def _notes(self, samples: Samples, cut: Pools) -> list[str]:
        """What training and test share, and what support and queries share."""
        sizes = [len(np.unique(samples.labels[rows])) for rows in (cut.train, cut.valid, cut.query)]
        notes = ["Training, validation and test have {}, {} and {} classes and share none.".format(*sizes)]
        for column, values in samples.groups.items():
            shared, there = _shared(values, cut), len(np.unique(values[cut.query]))
            if len(shared):
                notes.append(
                    f"Leak: {len(shared)} of {there} values of '{column}' in the test rows are also in the training or validation rows; "
                    f"protocol.disjoint = ['{column}'] keeps them apart."
                )
            else:
                notes.append(f"No '{column}' of the test rows is in the training or validation rows.")
        unused = len(samples) - sum(map(len, (cut.train, cut.valid, cut.query)))
        if unused:
            notes.append(f"{counted(unused, 'row')} of {len(samples)} are unused: test classes of training groups, or the reverse.")
        return notes + [f"Support and queries of a class share no '{column}' within an episode." for column in self.apart]


def _queries(candidates: Rows, counts: Rows, unknown: Rows) -> Queries:
    """The first candidates of each class, `counts` `[episode, way]` of them, then the rows of unknown classes `[episode, class, query]`."""
    episodes, way, most = candidates.shape
    asked = as_rows(range(most)) < counts[:, :, None]
    place = np.broadcast_to(as_rows(range(way))[:, None], candidates.shape)
    others = unknown.reshape(episodes, -1)
    target = np.concatenate([place[asked].reshape(episodes, -1), np.full_like(others, -1)], axis=1)
    return Queries(np.concatenate([candidates[asked].reshape(episodes, -1), others], axis=1), target)


def _shared(values: Strings, cut: Pools) -> Strings:
    """What stands on more than one side of the cut."""
    train, valid, test = (np.unique(values[rows]) for rows in (cut.train, cut.valid, cut.query))
    return np.unique(np.concatenate([np.intersect1d(train, test), np.intersect1d(valid, test), np.intersect1d(train, valid)]))
