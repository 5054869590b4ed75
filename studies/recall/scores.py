"""Metrics of a retriever's hits."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from recall.notes import LONGEST
from recall.questions import Key, Question
from recall.retriever import MOST, Hit
from scratchlab.checks import Problem
from scratchlab.metrics.estimate import Estimate
from scratchlab.metrics.paired import differences_over_groups

Values = npt.NDArray[np.float64]
Answers = list[list[Hit]]  # by question, in order
Measure = Callable[[Question, list[Hit]], float]


def right(hit: Hit, key: Key) -> bool:
    """Whether hit and key overlap and the hit has at most twelve lines."""
    return hit.path == key.file and hit.line <= key.last and key.first <= hit.last and hit.last - hit.line < LONGEST


def rank(question: Question, hits: list[Hit]) -> int | None:
    """The rank of the first correct hit among five, from 1; None if there is none."""
    return next((n for n, hit in enumerate(hits[:MOST], 1) if any(right(hit, key) for key in question.answers)), None)


def found(question: Question, hits: list[Hit]) -> float:
    """hit@5."""
    return float(rank(question, hits) is not None)


def reciprocal(question: Question, hits: list[Hit]) -> float:
    """1/rank of the first correct hit, 0 if there is none among five; its mean is MRR (Voorhees 1999, TREC-8 question answering)."""
    place = rank(question, hits)
    return 1 / place if place else 0.0


def answered(question: Question, hits: list[Hit]) -> float:
    """Whether there is any hit; for unanswerable questions this is a false answer."""
    return float(bool(hits))


@dataclass(frozen=True)
class Cell:
    """A named subset of the questions."""

    name: str
    member: Callable[[Question], bool]


def means(
    questions: list[Question],
    measure: Measure,
    hits: Answers,
    cells: list[Cell],
    less: Answers | None = None,
) -> list[Estimate]:
    """The mean of the measure in each cell, minus that of `less` if given; intervals by a bootstrap over notes."""
    values: Values = np.array([measure(question, hit_list) for question, hit_list in zip(questions, hits, strict=True)])
    if less is not None:
        values = values - np.array([measure(question, hit_list) for question, hit_list in zip(questions, less, strict=True)])
    members = np.array([[cell.member(one) for cell in cells] for one in questions])
    return differences_over_groups(values, np.array([one.note for one in questions]), members, what="notes")


def balance(questions: list[Question], hits: Answers) -> float:
    """hit@5 on answerable questions minus the fraction of unanswerable questions with hits.

    Raises Problem unless there are both.
    """
    can = [found(question, hit_list) for question, hit_list in zip(questions, hits, strict=True) if question.answers]
    cannot = [answered(question, hit_list) for question, hit_list in zip(questions, hits, strict=True) if not question.answers]
    if not can or not cannot:
        raise Problem("a threshold needs answerable and unanswerable tuning questions")
    return float(np.mean(can) - np.mean(cannot))


def bounded(hits: Answers, least: float) -> Answers:
    """The hits with at least this score."""
    return [[hit for hit in hit_list if hit.score >= least] for hit_list in hits]


def threshold(questions: list[Question], hits: Answers) -> float:
    """The score threshold with the best balance on these questions, the lowest if tied; 0 without hits."""
    steps = sorted({hit.score for hit_list in hits for hit in hit_list})
    return max(steps, key=lambda least: (balance(questions, bounded(hits, least)), -least), default=0.0)
