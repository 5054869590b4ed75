"""The files of a folder of notes: their lines, and the paragraphs that peers are given."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from scratchlab.checks import Problem, listing

LONGEST = 12  # lines of a chunk: a longer one would be right by mere length
ENCODINGS = ("utf-8-sig", "euc-kr", "gb18030")  # the first that fits; euc-kr refuses what gb18030 wrote, not the other way round


@dataclass(frozen=True)
class Chunk:
    """Lines `first` to `last` of a file, counted from 1, both inside."""

    file: str
    first: int
    last: int
    text: str


def lines(path: Path) -> list[str]:
    """The file's lines without their ends.

    Raises Problem if its bytes are in no encoding known here.
    """
    data = path.read_bytes()
    for encoding in ENCODINGS:
        try:
            return [line.rstrip("\r") for line in data.decode(encoding).split("\n")]
        except UnicodeDecodeError:
            continue
    raise Problem(f"{path} is in none of {listing(ENCODINGS)}")


def files(root: Path) -> list[Path]:
    """The Markdown files below a folder, in order of name.

    Raises Problem if there is none.
    """
    if not (found := sorted(root.rglob("*.md"))):
        raise Problem(f"{root} holds no Markdown files (*.md)")
    return found


def chunks(root: Path) -> list[Chunk]:
    """All notes by paragraph: what stands between blank lines, with a heading that stands alone above it; a long one in pieces of twelve
    lines.
    """
    return [chunk for path in files(root) for chunk in _paragraphs(path.relative_to(root).as_posix(), lines(path))]


def _paragraphs(file: str, text: list[str]) -> Iterator[Chunk]:
    """Of one note."""
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
    """Whether nothing else stands there."""
    return all(not line.strip() or line.startswith("#") for line in part)


COMMON = re.compile(  # words that nobody searches for
    "a|an|and|are|at|be|by|did|do|does|for|from|had|has|have|how|i|in|is|it|my|of|on|or|our|out|should|than|that|the|their|them|then|there|"
    "this|to|was|we|were|what|when|where|which|who|why|with|you"
)


def runs(question: str) -> list[str]:
    """What a person would type of a question: its words, each once, without the most common of English; Chinese, which has no spaces, as
    it stands between other signs.
    """
    found = re.findall(r"[一-鿿]+|[가-힣]+|[^\W一-鿿가-힣]+", question.lower())
    return [run for run in dict.fromkeys(found) if not COMMON.fullmatch(run)]


def words(question: str) -> list[str]:
    """The same, Chinese in pieces of two characters, the length of most of its words."""
    return list(dict.fromkeys(piece for run in runs(question) for piece in (pieces(run, 2) if chinese(run) else [run])))


def chinese(run: str) -> bool:
    """Whether it is written in Chinese characters."""
    return "一" <= run[0] <= "鿿"


def pieces(run: str, length: int) -> list[str]:
    """All pieces of so many characters, overlapping; the whole of what is shorter."""
    return [run[i : i + length] for i in range(max(1, len(run) - length + 1))]
