"""Questions on two public training logs: the rank of the line that answers, and the first hits.

    python studies/recall_logs.py --root FOLDER [--peers ripgrep ...] [--page FILE.md]

FOLDER contains nanochat/LOG.md (dev/LOG.md of github.com/karpathy/nanochat) and bigscience/*.md (the chronicles of train/ in
github.com/bigscience-workshop/bigscience). Nothing is tuned on them; users read one or two hits, so ranks one and two count.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

import page
from recall.notes import lines
from recall.peers import PEERS, retrievers
from recall.questions import Question, read
from recall.retriever import MOST, Hit
from recall.scores import rank

from scratchlab.checks import Problem, listing

FILE = Path(__file__).parent / "diary" / "real_questions.toml"
SHOWN = 90  # characters of a line


def main() -> None:
    """Runs all retrievers on the questions of each log and publishes the tables."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--root", type=Path, required=True, help="the folder that contains nanochat/ and bigscience/")
    parser.add_argument("--questions", type=Path, default=FILE, help="the questions, with the lines that answer them")
    parser.add_argument("--peers", nargs="*", default=list(PEERS), help="retrievers to compare with scratchlab")
    parser.add_argument("--page", type=Path, help="a Markdown file: the tables between its two marks are replaced")
    given = parser.parse_args()
    questions = read(given.questions)
    if lacking := sorted({key.file for one in questions for key in one.answers if not (given.root / key.file).is_file()}):
        raise Problem(f"{given.root} lacks {listing(lacking)}")
    said: dict[str, list[list[Hit]]] = {}
    for log in sorted({one.note.partition("/")[0] for one in questions}):
        for name, retriever in retrievers(given.root / log, given.peers).items():
            of = [one for one in questions if one.note.startswith(f"{log}/")]
            said.setdefault(name, []).extend(below(log, retriever.answers(one.text, one.now)) for one in of)
    ordered = sorted(questions, key=lambda one: one.note.partition("/")[0])
    sys.stdout.write("\n".join(details(ordered, said, given.root)) + "\n")
    page.publish("\n".join(tables(ordered, said)), given.page)


def below(log: str, hits: list[Hit]) -> list[Hit]:
    """The hits with paths relative to the parent folder."""
    return [Hit(f"{log}/{hit.path}", hit.line, hit.last, hit.score) for hit in hits]


def details(questions: list[Question], said: dict[str, list[list[Hit]]], root: Path) -> list[str]:
    """For each question: rank, place and text of each retriever's first hit."""
    parts: list[str] = []
    for n, one in enumerate(questions):
        rows = [
            [name, shown(one, hits[n]), *(first(hits[n][0], root) if hits[n] else ["nothing found", ""])] for name, hits in said.items()
        ]
        parts += [f"**{one.text}** ({one.kind})\n", page.table(["", "rank", "first hit", "its text"], rows)]
    return parts


def tables(questions: list[Question], said: dict[str, list[list[Hit]]]) -> list[str]:
    """The numbers of correct answers, then the ranks."""
    ranks = {name: [rank(one, hit_list) for one, hit_list in zip(questions, hits, strict=True)] for name, hits in said.items()}
    count = [
        [name, *(str(sum(place is not None and place <= most for place in of)) for most in (1, 2, MOST))] for name, of in ranks.items()
    ]
    rows = [[one.text, one.kind, *(shown(one, hits[n]) for hits in said.values())] for n, one in enumerate(questions)]
    return [
        f"Of {len(questions)} questions, correct at:\n",
        page.table(["", "rank 1", "rank 1–2", f"rank 1–{MOST}"], count),
        f"Rank of the first correct hit among {MOST}:\n",
        page.table(["", "", *said], rows),
    ]


def shown(question: Question, hits: list[Hit]) -> str:
    """The rank of the first correct hit, or a dash."""
    return str(rank(question, hits) or "–")


def first(hit: Hit, root: Path) -> list[str]:
    """The place of a hit, and the beginning of its longest line."""
    text = max(lines(root / hit.path)[hit.line - 1 : hit.last], key=len).strip().replace("|", "\\|")
    return [f"`{hit.path}:{hit.line}`", text if len(text) <= SHOWN else f"{text[:SHOWN]}…"]


if __name__ == "__main__":
    page.run(main)
