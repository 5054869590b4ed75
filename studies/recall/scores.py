"""What a retriever's hits are worth."""

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
    """Whether they overlap, and the hit is short enough to be an answer: at most twelve lines."""
    return hit.path == key.file and hit.line <= key.last and key.first <= hit.last and hit.last - hit.line < LONGEST


def rank(question: Question, hits: list[Hit]) -> int | None:
    """Of the first right one among five, from 1; None if there is none."""
    return next((n for n, hit in enumerate(hits[:MOST], 1) if any(right(hit, key) for key in question.answers)), None)


def found(question: Question, hits: list[Hit]) -> float:
    """hit@5."""
    return float(rank(question, hits) is not None)


def reciprocal(question: Question, hits: list[Hit]) -> float:
    """1/rank of the first right one, 0 if there is none among five; its mean is MRR (Voorhees 1999, TREC-8 question answering)."""
    place = rank(question, hits)
    return 1 / place if place else 0.0


def answered(question: Question, hits: list[Hit]) -> float:
    """Whether anything was said; of unanswerable questions that is a false answer."""
    return float(bool(hits))


@dataclass(frozen=True)
class Cell:
    """Some of the questions."""

    name: str
    member: Callable[[Question], bool]


def means(
    questions: list[Question],
    measure: Measure,
    hits: Answers,
    cells: list[Cell],
    less: Answers | None = None,
) -> list[Estimate]:
    """The measure's mean in each cell, or how much it is above that of `less`; intervals by a bootstrap that draws whole notes."""
    values: Values = np.array([measure(one, said) for one, said in zip(questions, hits, strict=True)])
    if less is not None:
        values = values - np.array([measure(one, said) for one, said in zip(questions, less, strict=True)])
    members = np.array([[cell.member(one) for cell in cells] for one in questions])
    return differences_over_groups(values, np.array([one.note for one in questions]), members, what="notes")


def balance(questions: list[Question], hits: Answers) -> float:
    """hit@5 of those that can be answered less the share of the others that is answered.

    Raises Problem where there are not both.
    """
    can = [found(one, said) for one, said in zip(questions, hits, strict=True) if one.answers]
    cannot = [answered(one, said) for one, said in zip(questions, hits, strict=True) if not one.answers]
    if not can or not cannot:
        raise Problem("a bound needs questions for tuning that can be answered, and some that cannot")
    return float(np.mean(can) - np.mean(cannot))


def bounded(hits: Answers, least: float) -> Answers:
    """Without what is less sure."""
    return [[hit for hit in said if hit.score >= least] for said in hits]


def threshold(questions: list[Question], hits: Answers) -> float:
    """The score that is best asked for, by balance on these questions; of equals the lowest; 0 of who never answers."""
    steps = sorted({hit.score for said in hits for hit in said})
    return max(steps, key=lambda least: (balance(questions, bounded(hits, least)), -least), default=0.0)
