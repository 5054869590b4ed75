"""Questions on two public logs of training: at which rank the line stands that answers, and what stands first.

    python studies/recall_logs.py --root FOLDER [--peers ripgrep ...] [--page FILE.md]

Below FOLDER lie nanochat/LOG.md (dev/LOG.md of github.com/karpathy/nanochat) and bigscience/*.md (the chronicles of train/ in
github.com/bigscience-workshop/bigscience). Nothing is tuned on them; a person reads one or two hits, so ranks one and two count.
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
    """Asks each log its own questions, then the tables."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--root", type=Path, required=True, help="the folder of nanochat/ and bigscience/")
    parser.add_argument("--questions", type=Path, default=FILE, help="with the lines that answer them")
    parser.add_argument("--peers", nargs="*", default=list(PEERS), help="who is asked, beside scratchlab where it is installed")
    parser.add_argument("--page", type=Path, help="a Markdown file: the tables between its two marks are replaced")
    asked = parser.parse_args()
    questions = read(asked.questions)
    if lacking := sorted({key.file for one in questions for key in one.answers if not (asked.root / key.file).is_file()}):
        raise Problem(f"{asked.root} lacks {listing(lacking)}")
    said: dict[str, list[list[Hit]]] = {}
    for log in sorted({one.note.partition("/")[0] for one in questions}):
        for name, retriever in retrievers(asked.root / log, asked.peers).items():
            of = [one for one in questions if one.note.startswith(f"{log}/")]
            said.setdefault(name, []).extend(below(log, retriever.answers(one.text, one.now)) for one in of)
    ordered = sorted(questions, key=lambda one: one.note.partition("/")[0])
    sys.stdout.write("\n".join(details(ordered, said, asked.root)) + "\n")
    page.leave("\n".join(tables(ordered, said)), asked.page)


def below(log: str, hits: list[Hit]) -> list[Hit]:
    """With paths from the folder above."""
    return [Hit(f"{log}/{hit.path}", hit.line, hit.last, hit.score) for hit in hits]


def details(questions: list[Question], said: dict[str, list[list[Hit]]], root: Path) -> list[str]:
    """Each question: rank, place and text of everybody's first hit."""
    parts: list[str] = []
    for n, one in enumerate(questions):
        rows = [
            [name, shown(one, hits[n]), *(first(hits[n][0], root) if hits[n] else ["nothing found", ""])] for name, hits in said.items()
        ]
        parts += [f"**{one.text}** ({one.kind})\n", page.table(["", "rank", "first hit", "its text"], rows)]
    return parts


def tables(questions: list[Question], said: dict[str, list[list[Hit]]]) -> list[str]:
    """How many are right, then the ranks."""
    ranks = {name: [rank(one, given) for one, given in zip(questions, hits, strict=True)] for name, hits in said.items()}
    count = [
        [name, *(str(sum(place is not None and place <= most for place in of)) for most in (1, 2, MOST))] for name, of in ranks.items()
    ]
    rows = [[one.text, one.kind, *(shown(one, hits[n]) for hits in said.values())] for n, one in enumerate(questions)]
    return [
        f"Of {len(questions)} questions, right at:\n",
        page.table(["", "rank 1", "rank 1–2", f"rank 1–{MOST}"], count),
        f"Rank of the first right hit among {MOST}:\n",
        page.table(["", "", *said], rows),
    ]


def shown(question: Question, hits: list[Hit]) -> str:
    """The rank, or a dash."""
    return str(rank(question, hits) or "–")


def first(hit: Hit, root: Path) -> list[str]:
    """Where it stands, and how its longest line begins."""
    text = max(lines(root / hit.path)[hit.line - 1 : hit.last], key=len).strip().replace("|", "\\|")
    return [f"`{hit.path}:{hit.line}`", text if len(text) <= SHOWN else f"{text[:SHOWN]}…"]


if __name__ == "__main__":
    page.spoken(main)
