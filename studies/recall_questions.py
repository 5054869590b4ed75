"""Retrieval of the lines of a diary that answer a question, and rejection of unanswerable questions.

    python studies/recall_questions.py [--peers ripgrep ...] [--page FILE.md]

The diary, `studies/diary/vault`, is synthetic and in three languages; its questions, `studies/diary/questions.toml`, were written before
any retriever was run on them. A hit is correct if it overlaps the lines of the key and has at most twelve lines; five hits count. The other
retrievers always return hits, so each is also shown with a threshold on its score, selected on the tuning questions: the one with the
largest hit@5 minus false answers.
"""

from __future__ import annotations

import argparse
from pathlib import Path

import page
from recall.peers import OURS, PEERS, retrievers
from recall.questions import KINDS, LANGUAGES, SPLITS, Question, read
from recall.scores import Answers, Cell, Measure, answered, bounded, found, means, reciprocal, threshold

from scratchlab.checks import counted
from scratchlab.report import words

DIARY = Path(__file__).parent / "diary"
ANSWERABLE = Cell("all", lambda one: bool(one.answers))
UNANSWERABLE = Cell("unanswerable", lambda one: not one.answers)


def main() -> None:
    """Runs all retrievers on all questions and publishes the tables."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--vault", type=Path, default=DIARY / "vault", help="the notes")
    parser.add_argument("--questions", type=Path, default=DIARY / "questions.toml", help="the questions, with the lines that answer them")
    parser.add_argument("--peers", nargs="*", default=list(PEERS), help="retrievers to compare with scratchlab")
    parser.add_argument("--page", type=Path, help="a Markdown file: the tables between its two marks are replaced")
    given = parser.parse_args()
    questions = read(given.questions)
    said = {
        name: [one.answers(question.text, question.now) for question in questions]
        for name, one in retrievers(given.vault, given.peers).items()
    }
    page.publish("\n".join(tables(questions, said)), given.page)


def tables(questions: list[Question], said: dict[str, Answers]) -> list[str]:
    """All of them; `said` by retriever, as it answers of itself."""
    tuning = [one.split == "tuning" for one in questions]
    entries: dict[str, Answers] = {}
    notes: list[str] = []
    for name, hits in said.items():
        entries[name] = hits
        if name not in OURS:
            least = threshold(*chosen(questions, hits, tuning))
            entries[f"{name}, bounded"] = bounded(hits, least)
            notes.append(f"{name} {least:.3g}")
    parts = [
        f"{counted(len(questions), 'question')}, {sum(tuning)} of them for tuning. Bounds, chosen on those: {'; '.join(notes)}.\n",
        "In per cent, with 95 % intervals over notes. False answers: of questions that nothing answers.\n",
        questions_of_each(questions),
    ]
    for split in reversed(SPLITS):
        parts += [f"## {split.capitalize()} questions\n"]
        within = [one.split == split for one in questions]
        parts += [part for make in (overall, by_kind, by_language, behind) for part in make(*of_split(questions, entries, within))]
    return parts


def chosen(questions: list[Question], hits: Answers, members: list[bool]) -> tuple[list[Question], Answers]:
    """A subset of the questions with their hits."""
    kept = [(one, said) for one, said, member in zip(questions, hits, members, strict=True) if member]
    return [one for one, _ in kept], [said for _, said in kept]


def of_split(questions: list[Question], entries: dict[str, Answers], members: list[bool]) -> tuple[list[Question], dict[str, Answers]]:
    """The same for all retrievers."""
    return [one for one, member in zip(questions, members, strict=True) if member], {
        name: chosen(questions, hits, members)[1] for name, hits in entries.items()
    }


def questions_of_each(questions: list[Question]) -> str:
    """The number of questions: one row per kind, one column per language and split."""
    body = [
        [
            kind,
            *(str(sum((one.kind, one.language, one.split) == (kind, language, split) for one in questions)) for language, split in columns),
        ]
        for columns in [[(language, split) for language in LANGUAGES for split in SPLITS]]
        for kind in KINDS
    ]
    return page.table(["questions", *(f"{language}, {split}" for language in LANGUAGES for split in SPLITS)], body)


def overall(questions: list[Question], entries: dict[str, Answers]) -> list[str]:
    """A table with one row per retriever."""
    body: list[list[str]] = []
    for name, hits in entries.items():
        (at5,), (mrr,) = (means(questions, measure, hits, [ANSWERABLE]) for measure in (found, reciprocal))
        (false,) = means(questions, answered, hits, [UNANSWERABLE])
        lengths = [hit.last - hit.line + 1 for hit_list in hits for hit in hit_list]
        length = f"{sum(lengths) / len(lengths):.1f}" if lengths else "undefined, because it found nothing"
        body.append([name, page.percent(at5), page.percent(mrr), page.percent(false), length])
    return [page.table(["", "hit@5", "MRR", "false answers", "lines a hit"], body)]


def by_kind(questions: list[Question], entries: dict[str, Answers]) -> list[str]:
    """Tables with one column per kind."""
    kinds = [kind for kind in KINDS if kind != "unanswerable"]
    cells = [Cell(kind, lambda one, kind=kind: one.kind == kind) for kind in kinds]
    return [
        part
        for called, measure in (("hit@5", found), ("MRR", reciprocal))
        for part in grid(f"{called} by kind", questions, entries, measure, cells)
    ]


def by_language(questions: list[Question], entries: dict[str, Answers]) -> list[str]:
    """Tables with one column per language of the question."""
    can = [Cell(language, lambda one, language=language: bool(one.answers) and one.language == language) for language in LANGUAGES]
    cannot = [Cell(language, lambda one, language=language: not one.answers and one.language == language) for language in LANGUAGES]
    parts: list[str] = []
    for called, measure, cells in (("hit@5", found, can), ("MRR", reciprocal, can), ("False answers", answered, cannot)):
        parts += grid(f"{called} by the question's language", questions, entries, measure, cells)
    return parts


def grid(title: str, questions: list[Question], entries: dict[str, Answers], measure: Measure, cells: list[Cell]) -> list[str]:
    """A table with one row per retriever and one column per cell."""
    body = [[name, *map(page.percent, means(questions, measure, hits, cells))] for name, hits in entries.items()]
    return [f"{title}:\n", page.table(["", *(cell.name for cell in cells)], body)]


def behind(questions: list[Question], entries: dict[str, Answers]) -> list[str]:
    """Paired differences of all retrievers to the one with the largest MRR, in percentage points."""
    level = {name: means(questions, reciprocal, hits, [ANSWERABLE])[0].value or 0.0 for name, hits in entries.items()}
    leader = max(level, key=lambda name: level[name])
    body = [
        [
            name,
            *(page.points(means(questions, measure, hits, [ANSWERABLE], entries[leader])[0]) for measure in (found, reciprocal)),
            page.points(means(questions, answered, hits, [UNANSWERABLE], entries[leader])[0]),
        ]
        for name, hits in entries.items()
        if name != leader
    ]
    leads = f"Minus {leader}, which has the largest MRR ({words.percent(level[leader])}), in percentage points:\n"
    return [leads, page.table(["", "hit@5", "MRR", "false answers"], body)]


if __name__ == "__main__":
    page.run(main)
