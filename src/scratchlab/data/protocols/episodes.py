"""N-way K-shot episodes: N classes not seen in training, K labelled rows of each, and queries.

Source: Vinyals et al. (2016), "Matching networks for one shot learning", arXiv 1606.04080. Intended departures: training and test can be
disjoint in groups, and shared groups are reported; queries are both balanced and imbalanced; queries may be of unknown classes.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Annotated

import numpy as np
from pydantic import Field

from scratchlab.checks import Problem, counted, listing
from scratchlab.data.protocols.drawing import ClassRows, choose_classes, dirichlet_counts, draw_rows
from scratchlab.data.protocols.pools import Disjoint, Fraction, Pools, check_samples, pools
from scratchlab.types import Plan, Rows, Samples, Split, Strings
from scratchlab.types import rows as as_rows

BALANCED, DIRICHLET = "balanced", "dirichlet"
CUT, CUT_GROUPS, CLASSES, ROWS, UNKNOWN, PROPORTIONS = range(1, 7)  # seeds of independent generators


@dataclass(frozen=True)
class Queries:
    """rows: `[episode, q]`. target: `[episode, q]`, the index of each row's class among the episode's classes, -1 for an unknown class."""

    rows: Rows
    target: Rows


@dataclass(frozen=True)
class EpisodesPlan(Plan):
    """shots: the numbers of shots to evaluate. support: `[episode, way, shot]` for the largest; smaller ones use its first shots.

    classes: `[episode, way]` labels. queries_by: by distribution, "balanced" and, where enabled, "dirichlet". notes: which classes and
    groups training and test share.
    """

    shots: tuple[int, ...]
    support: Rows
    classes: Rows
    queries_by: Mapping[str, Queries]
    notes: tuple[str, ...]

    def __post_init__(self) -> None:
        training = np.concatenate([self.split.train, self.split.valid])
        shared = np.intersect1d(training, np.concatenate([self.support.ravel(), self.queries]))
        if len(shared):
            raise Problem(f"{counted(len(shared), 'row')} of the episodes are also in training or validation.")

    @property
    def queries(self) -> Rows:
        """The query rows of all episodes, each once."""
        return np.unique(np.concatenate([queries.rows.ravel() for queries in self.queries_by.values()]))

    @property
    def rows(self) -> Rows:
        """All rows that the plan uses, each once."""
        return np.unique(np.concatenate([super().rows, self.support.ravel(), self.queries]))


class Episodes:
    """`episodes` tasks of `way` test classes each, with `shots` labelled rows and `query` queries per class.

    Training, validation and test share no class. If every class is within one group (such as an alphabet), groups are split, by the
    publisher's split if there is one. If groups contain several classes and classes several groups (such as speakers), only classes are
    split, unless `disjoint` names the column: then training rows are of training classes and training groups, and test rows of test
    classes and test groups. `plan` gives row numbers: support `[episode, way, shot]` and queries `[episode, q]`.

    >>> from scratchlab.data.sources.sklearn_digits import SklearnDigits
    >>> plan = Episodes(way=3, shots=[5], query=5, episodes=100, test=0.4).plan(SklearnDigits().read())
    >>> plan.support.shape, plan.queries_by["balanced"].rows.shape
    ((100, 3, 5), (100, 15))
    """

    kind = "episodes"

    def __init__(
        self,
        seed: int = 0,
        *,
        way: Annotated[int, Field(ge=2, description="classes per episode (N)")] = 5,
        shots: Annotated[
            list[Annotated[int, Field(ge=1)]],
            Field(min_length=1, description="labelled rows per class (K); if several, smaller numbers use the first rows of the largest"),
        ] = [1, 5],
        query: Annotated[int, Field(ge=1, description="queries per class")] = 5,
        episodes: Annotated[int, Field(ge=1, description="number of episodes; increasing it does not change the first ones")] = 1000,
        dirichlet: Annotated[
            float, Field(ge=0, description="Dirichlet alpha of imbalanced queries, evaluated besides balanced ones; 0: balanced only")
        ] = 2.0,
        unknown: Annotated[int, Field(ge=0, description="additional classes per episode that only have queries (open set)")] = 0,
        test: Annotated[
            Fraction | list[str],
            Field(description="test classes: names, or a fraction of the classes (of the groups, if every class is within one group)"),
        ] = 0.25,
        valid: Annotated[
            Fraction | list[str], Field(description="validation classes: names, or a fraction of the remaining classes; 0: none")
        ] = 0.15,
        disjoint: Disjoint = [],
        test_groups: Annotated[
            Fraction | list[str],
            Field(description="test groups of the column in `disjoint`, if its groups contain several classes: names, or a fraction"),
        ] = 0.25,
        valid_groups: Annotated[
            Fraction | list[str],
            Field(description="validation groups of that column, if there are validation classes: names, or a fraction"),
        ] = 0.15,
        apart: Annotated[
            list[str], Field(description="columns of groups that support and queries of an episode do not share, as in ['recording']")
        ] = [],
    ) -> None:
        if len(set(shots)) < len(shots):
            raise Problem(f"protocol.shots = {shots} contains a number twice.")
        self.seed, self.way, self.shots, self.query, self.episodes = seed, way, tuple(shots), query, episodes
        self.dirichlet, self.unknown, self.test, self.valid = dirichlet, unknown, test, valid
        self.disjoint, self.test_groups, self.valid_groups, self.apart = disjoint, test_groups, valid_groups, apart

    def _rng(self, purpose: int) -> np.random.Generator:
        return np.random.default_rng([self.seed, purpose])

    def plan(self, samples: Samples) -> EpisodesPlan:
        """Draws all episodes. Raises Problem where there are too few test classes or a class has too few rows."""
        check_samples(samples)
        cut = self._cut(samples)
        labels = np.unique(samples.labels[cut.query])
        number = self.way + self.unknown
        if len(labels) < number:
            remedy = "name more in protocol.test" if isinstance(self.test, list) else f"raise protocol.test = {self.test:g}"
            raise Problem(
                f"An episode needs {number} test classes (protocol.way + protocol.unknown), but there are {len(labels)} "
                f"({listing([samples.classes[int(label)] for label in labels], 5)}); {remedy}, or lower protocol.way."
            )
        pool = self._pool(samples, cut.query, labels)
        chosen = choose_classes(len(labels), number, self.episodes, self._rng(CLASSES))
        shot, total = max(self.shots), self.way * self.query
        drawn = draw_rows(pool, chosen[:, : self.way], shot, total if self.dirichlet else self.query, [self.seed, ROWS])
        ungrouped = [ClassRows(class_rows.rows) for class_rows in pool]
        unknown = draw_rows(ungrouped, chosen[:, self.way :], 0, self.query, [self.seed, UNKNOWN]).candidates
        counts = {BALANCED: np.full((self.episodes, self.way), self.query)}
        notes = [*self._notes(samples, cut)]
        if self.dirichlet:
            counts[DIRICHLET], short = dirichlet_counts(self.dirichlet, total, drawn.available, self._rng(PROPORTIONS))
            if short:
                notes.append(
                    f"In {short} of {counted(self.episodes, 'episode')}, a class has fewer rows than its Dirichlet proportion requires; "
                    "the other classes then have more queries, so these episodes are less imbalanced."
                )
        split = Split(cut.train, cut.valid, as_rows(), as_rows(), np.unique(samples.labels[cut.train]))
        queries = {name: _queries(drawn.candidates, per_class, unknown) for name, per_class in counts.items()}
        return EpisodesPlan(split, samples.ids, "", self.shots, drawn.support, labels[chosen[:, : self.way]], queries, tuple(notes))

    # -- training, validation and test rows -----------------------------------------------------------

    def _cut(self, samples: Samples) -> Pools:
        """Training, validation and test rows, disjoint in classes and in the columns that `disjoint` names."""
        groups, columns = samples.grouped(self.disjoint), samples.group_columns(self.disjoint)
        named = {name for names in (self.test, self.valid) if isinstance(names, list) for name in names}
        pairs = set(zip(groups.tolist(), samples.labels.tolist(), strict=True))
        nested = bool(columns) and len(pairs) == len(np.unique(samples.labels))  # every class is within one group
        if nested and not named & set(samples.classes):
            return pools(samples, groups, self.test, self.valid, self._rng(CUT), what=samples.group_name(self.disjoint))
        unsplit = replace(samples, splits=np.full(len(samples), ""))
        cut = pools(unsplit, np.array(samples.classes)[samples.labels], self.test, self.valid, self._rng(CUT), what="class")
        if self.disjoint and not nested:
            valid_groups = self.valid_groups if len(cut.valid) else 0.0
            what = samples.group_name(self.disjoint)
            group_cut = pools(samples, groups, self.test_groups, valid_groups, self._rng(CUT_GROUPS), what=what, suffix="_groups")
            pairs_of_cuts = (cut.train, group_cut.train), (cut.valid, group_cut.valid), (cut.query, group_cut.query)
            cut = Pools(*(np.intersect1d(of_classes, of_groups) for of_classes, of_groups in pairs_of_cuts))
            for name, (of_classes, of_groups) in zip(("training", "validation", "test"), pairs_of_cuts, strict=True):
                if len(of_classes) and not len(np.intersect1d(of_classes, of_groups)):
                    raise Problem(
                        f"No row is both of a {name} class and of a {name} group ({listing(self.disjoint)}); change protocol.test, "
                        "protocol.valid, protocol.test_groups or protocol.valid_groups."
                    )
        for column in self.disjoint:
            if len(shared := _shared(samples.groups[column], cut)):
                raise Problem(
                    f"The classes in protocol.test and protocol.valid divide {listing(shared, 3)} ({column}) between training, validation "
                    f"and test; name all classes of a group, or remove '{column}' from protocol.disjoint."
                )
        return cut

    def _pool(self, samples: Samples, rows: Rows, labels: Rows) -> list[ClassRows]:
        """The test rows of each class. Raises Problem naming a class that has too few."""
        apart = samples.grouped(self.apart, "protocol.apart") if self.apart else None
        shot, pool = max(self.shots), list[ClassRows]()
        for label in labels:
            of_class, name = rows[samples.labels[rows] == label], samples.classes[int(label)]
            if len(of_class) < shot + self.query:
                raise Problem(
                    f"Class '{name}' has {counted(len(of_class), 'test row')}, but an episode needs {shot + self.query} per class ({shot} "
                    f"for protocol.shots and {self.query} for protocol.query); lower them, or leave the class out of protocol.test."
                )
            pool.append(ClassRows(of_class) if apart is None else self._with_groups(of_class, apart[of_class], name))
        return pool

    def _with_groups(self, rows: Rows, groups: Strings, name: str) -> ClassRows:
        """The rows of a class whose support comes from some groups and whose queries from the others.

        The fraction of groups for the support is about shot / (shot + query), limited so that any choice of groups leaves enough rows both
        for the support and for the queries. Raises Problem where that is impossible.
        """
        _, group, sizes = np.unique(groups, return_inverse=True, return_counts=True)
        shot, ascending = max(self.shots), np.cumsum(np.sort(sizes))
        fewest = int((ascending < shot).sum()) + 1
        most = int((len(rows) - np.cumsum(np.sort(sizes)[::-1]) >= self.query).sum())
        if fewest > most:
            raise Problem(
                f"Class '{name}' has {counted(len(rows), 'test row')} in {counted(len(sizes), 'group')} ({listing(self.apart)}), too few "
                f"for {shot} support rows and {self.query} queries that never share a group (protocol.apart); lower protocol.shots or "
                "protocol.query, or leave the class out of protocol.test."
            )
        return ClassRows(rows, group, min(max(round(len(sizes) * shot / (shot + self.query)), fewest), most))

    # -- notes for the result -------------------------------------------------------------------------

    def _notes(self, samples: Samples, cut: Pools) -> list[str]:
        """Sentences on what training and test share, and what support and queries share."""
        sizes = [len(np.unique(samples.labels[rows])) for rows in (cut.train, cut.valid, cut.query)]
        notes = ["Training, validation and test have {}, {} and {} classes and share none.".format(*sizes)]
        for column, values in samples.groups.items():
            shared, total = _shared(values, cut), len(np.unique(values[cut.query]))
            if len(shared):
                notes.append(
                    f"Leak: {len(shared)} of {total} values of '{column}' in the test rows are also in the training or validation rows; "
                    f"protocol.disjoint = ['{column}'] prevents this."
                )
            else:
                notes.append(f"No '{column}' of the test rows is in the training or validation rows.")
        unused = len(samples) - sum(map(len, (cut.train, cut.valid, cut.query)))
        if unused:
            notes.append(f"{counted(unused, 'row')} of {len(samples)} are unused: test classes in training groups, or the reverse.")
        return notes + [f"Support and queries of a class share no '{column}' within an episode." for column in self.apart]


def _queries(candidates: Rows, counts: Rows, unknown: Rows) -> Queries:
    """The first `counts` `[episode, way]` candidates of each class, followed by the rows of unknown classes `[episode, class, query]`."""
    episodes, way, width = candidates.shape
    used = as_rows(range(width)) < counts[:, :, None]
    index = np.broadcast_to(as_rows(range(way))[:, None], candidates.shape)
    others = unknown.reshape(episodes, -1)
    target = np.concatenate([index[used].reshape(episodes, -1), np.full_like(others, -1)], axis=1)
    return Queries(np.concatenate([candidates[used].reshape(episodes, -1), others], axis=1), target)


def _shared(values: Strings, cut: Pools) -> Strings:
    """The values that occur in more than one of training, validation and test."""
    train, valid, test = (np.unique(values[rows]) for rows in (cut.train, cut.valid, cut.query))
    return np.unique(np.concatenate([np.intersect1d(train, test), np.intersect1d(valid, test), np.intersect1d(train, valid)]))
