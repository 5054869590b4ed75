"""The files of a folder of notes: their lines, and the paragraphs that the compared retrievers index."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from scratchlab.checks import Problem, listing

LONGEST = 12  # lines of a chunk at most; longer ones would count as hits too easily
ENCODINGS = ("utf-8-sig", "euc-kr", "gb18030")  # tried in order; euc-kr rejects gb18030 text, but not vice versa


@dataclass(frozen=True)
class Chunk:
    """Lines `first` to `last` of a file, inclusive, counted from 1."""

    file: str
    first: int
    last: int
    text: str


def lines(path: Path) -> list[str]:
    """The file's lines without line ends.

    Raises Problem if none of `ENCODINGS` fits.
    """
    data = path.read_bytes()
    for encoding in ENCODINGS:
        try:
            return [line.rstrip("\r") for line in data.decode(encoding).split("\n")]
        except UnicodeDecodeError:
            continue
    raise Problem(f"{path} is in none of {listing(ENCODINGS)}")


def files(root: Path) -> list[Path]:
    """The Markdown files below a folder, sorted by name.

    Raises Problem if there are none.
    """
    if not (found := sorted(root.rglob("*.md"))):
        raise Problem(f"{root} holds no Markdown files (*.md)")
    return found


def chunks(root: Path) -> list[Chunk]:
    """The paragraphs of all notes, separated by blank lines and joined with the heading above; long ones are split into pieces of twelve
    lines.
    """
    return [chunk for path in files(root) for chunk in _paragraphs(path.relative_to(root).as_posix(), lines(path))]


def _paragraphs(file: str, text: list[str]) -> Iterator[Chunk]:
    """The paragraphs of one note."""
    stop = 0
    while stop < len(text):
        if not text[stop].strip():
            stop += 1
            continue
        start = stop
        while stop < len(text) and stop - start < LONGEST and (text[stop].strip() or _headings(text[start:stop])):
            stop += 1
        while not text[stop - 1].strip():
            stop -= 1
        yield Chunk(file, start + 1, stop, "\n".join(text[start:stop]))


def _headings(part: list[str]) -> bool:
    """Whether all lines are headings or blank."""
    return all(not line.strip() or line.startswith("#") for line in part)


COMMON = re.compile(  # stop words
    "a|an|and|are|at|be|by|did|do|does|for|from|had|has|have|how|i|in|is|it|my|of|on|or|our|out|should|than|that|the|their|them|then|there|"
    "this|to|was|we|were|what|when|where|which|who|why|with|you"
)


def runs(question: str) -> list[str]:
    """The search terms of a question: its distinct words without English stop words; runs of Chinese characters, which have no spaces, are
    single terms.
    """
    found = re.findall(r"[一-鿿]+|[가-힣]+|[^\W一-鿿가-힣]+", question.lower())
    return [run for run in dict.fromkeys(found) if not COMMON.fullmatch(run)]


def words(question: str) -> list[str]:
    """The same, with Chinese split into bigrams, the length of most Chinese words."""
    return list(dict.fromkeys(piece for run in runs(question) for piece in (pieces(run, 2) if chinese(run) else [run])))


def chinese(run: str) -> bool:
    """Whether the run begins with a Chinese character."""
    return "一" <= run[0] <= "鿿"


def pieces(run: str, length: int) -> list[str]:
    """All overlapping pieces of `length` characters; the whole run if it is shorter."""
    return [run[i : i + length] for i in range(max(1, len(run) - length + 1))]
