"""Computes the insertion of a text under a heading, as bytes; all existing bytes stay, in order, before and after it."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, replace

from scratchlab.checks import Problem, listing, nearest
from scratchlab.notebook.dates.headings import of_day
from scratchlab.notebook.writing.headings import Heading, outline, plain, spaced_once
from scratchlab.notebook.writing.lines import Lines, lines

ITEM = re.compile(r"\s*([-*+]|\d{1,9}[.)])\s")


@dataclass(frozen=True)
class Insertion:
    """An insertion.

    new: the whole note with the text. at, added: offset and bytes of the insertion. line: its first line, counted from 1.
    heading: the heading it stands under; None in a note without headings.
    text_line: the first line of the text itself, which may follow an added blank line.
    """

    new: bytes
    at: int
    added: bytes
    line: int
    heading: Heading | None
    encoding: str
    text_line: int = 0


def insert_text(raw: bytes, text: str, under: tuple[str, ...], encoding: str = "") -> Insertion:
    """Inserts `text` at the end of a heading's section, before trailing blank lines and rules, in the note's encoding and line ends.

    A section ends at the next heading of any level, as text after a subheading would belong to that.

    under: the heading or the day that it begins with, preceded by as many of its parent headings (outermost first) as make it unique; empty
        if the note has only one heading, or none: the text is then appended.
    Raises Problem if there is no such heading or several, or if the text would change the meaning of the lines around it.
    """
    if not text.strip():
        raise Problem("The text to insert is empty.")
    note_lines = lines(raw, encoding)
    if note_lines.encoding == "ascii" and not "".join((text, *under)).isascii():
        raise Problem("The note is not UTF-8, and its encoding cannot be determined from its bytes; name it, as in --encoding gb18030.")
    headings, blocks = outline(note_lines.texts)
    heading = _chosen(headings, under) if under or headings else None
    after = _behind(heading, note_lines.texts, {block.line for block in blocks if block.rule})
    for block in blocks:
        if block.line < after <= block.end and _stays_open(note_lines.texts, block.line):
            offset = f"The section '{heading.text}'" if heading else "The note"
            raise Problem(f"{offset} ends inside the code block that line {block.line + 1} opens and that is never closed; close it.")
    text_lines = re.split(r"\r\n|\r|\n", text.strip("\r\n"))
    added = _spaced(note_lines, after == (heading.body if heading else 0), after, text_lines)
    offset = note_lines.starts[after]
    insertion = Insertion(raw[:offset] + added + raw[offset:], offset, added, after + 1, heading, note_lines.encoding)
    return replace(insertion, text_line=_checked(insertion, headings, note_lines, after))


def _behind(heading: Heading | None, texts: list[str], rules: set[int]) -> int:
    """The line before which the text is inserted: after the last line of the section, or of the note."""
    if heading is None:
        return next((number for number in range(len(texts), 0, -1) if texts[number - 1].strip()), len(texts))
    after = heading.end
    while after > heading.body and (not texts[after - 1].strip() or after - 1 in rules):
        after -= 1
    return after


def _chosen(headings: list[Heading], under: tuple[str, ...]) -> Heading:
    """The heading with this path. Raises Problem, listing the headings, if there is none or several."""
    names = [heading.text for heading in headings]
    if not under and len(headings) == 1:
        return headings[0]
    if not under:
        raise Problem(
            f"name the heading to insert under: --under HEADING, or NOTE as in [[NOTE#HEADING]]; the headings are: {listing(names)}."
        )
    for found in (_named(headings, under, spaced_once), _named(headings, under, plain), _of_day(headings, under)):
        if len(found) == 1:
            return found[0]
        if found:
            where = listing((f"line {heading.line + 1}: {'#'.join(heading.path)}" for heading in found), 5)
            raise Problem(
                f"'{'#'.join(under)}' matches {len(found)} headings ({where}); choose one by its parent heading, as in ABOVE#{under[-1]}."
            )
    known = (
        f"the headings are: {listing(names)}.{nearest(under[-1], names)}"
        if names
        else "the note has none; leave the heading out to append the text."
    )
    raise Problem(f"There is no heading '{'#'.join(under)}'; {known}")


def _named(headings: list[Heading], under: tuple[str, ...], normalize: Callable[[str], str]) -> list[Heading]:
    """The headings with this path, compared after normalization."""
    wanted = [normalize(name) for name in under]
    return [heading for heading in headings if normalize(heading.text) == wanted[-1] and _below(heading, wanted[:-1], normalize)]


def _of_day(headings: list[Heading], under: tuple[str, ...]) -> list[Heading]:
    """The headings that begin with this day in any form: `06-11` after a heading of 2025 is `2025/06/11`."""
    found = [headings[number] for number in of_day([heading.text for heading in headings], under[-1])]
    return [heading for heading in found if _below(heading, [plain(name) for name in under[:-1]], plain)]


def _below(heading: Heading, names: list[str], normalize: Callable[[str], str]) -> bool:
    """Whether these headings are above it, in this order."""
    above = iter([normalize(name) for name in heading.path[:-1]])
    return all(name in above for name in names)


def _spaced(read: Lines, first: bool, after: int, own: list[str]) -> bytes:
    """The bytes of the text's lines: separated from a preceding paragraph by a blank line, but directly continuing a list.

    first: whether the section is empty.
    """
    if not read.texts:
        return read.encoded("".join(f"{line}\n" for line in own))
    end, count = _end(read, after), len(read.texts)
    last = read.texts[after - 1]
    continues = first or not last.strip() or (ITEM.match(own[0]) and (ITEM.match(last) or last.startswith((" ", "\t"))))
    text = end.join(["", *own] if not continues else own)
    unfinished = not read.ends[after - 1]  # the file's last line has no line end; then the inserted last line has none either
    if unfinished:
        return read.encoded(end + text)
    separate = after < count and read.texts[after].strip()  # a heading follows directly
    return read.encoded(text + end + (end if separate else ""))


def _end(read: Lines, after: int) -> str:
    """The note's line end; CR LF if it would otherwise merge with an adjacent CR or LF into one line end."""
    before, behind = read.ends[after - 1], after < len(read.texts) and not read.texts[after] and read.ends[after] == "\n"
    meets = (read.end == "\n" and before == "\r") or (read.end == "\r" and behind)
    return "\r\n" if meets else read.end


def _stays_open(texts: list[str], line: int) -> bool:
    """Whether the block that begins in this line and reaches the end of the note would include appended text."""
    _, blocks = outline([*texts, "", "probe"])
    return any(block.line == line and block.end > len(texts) + 1 for block in blocks)


def _checked(insertion: Insertion, headings: list[Heading], read: Lines, after: int) -> int:
    """The first line of the text. Raises Problem if the insertion would change the other headings."""
    result = lines(insertion.new, insertion.encoding if insertion.encoding not in ("ascii", "utf-16-le", "utf-16-be") else "")
    more = len(result.texts) - len(read.texts)
    now_headings = [
        (heading.level, heading.line, heading.text) for heading in outline(result.texts)[0] if not after <= heading.line < after + more
    ]
    expected = [(heading.level, heading.line + (more if heading.line >= after else 0), heading.text) for heading in headings]
    if now_headings != expected:
        raise Problem("The text would change which lines after it are headings, as an unclosed code block does; nothing was written.")
    return next(number + 1 for number in range(after, after + more) if result.texts[number].strip())
