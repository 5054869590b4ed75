"""Where a text comes to stand under a heading, as bytes: what was there stays, in order, before and after it."""

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
    """new: the whole note with the text in it. at, added: the offset and the bytes that are new. line: their first, counted from 1.

    heading: under which it stands; None of a note that has none.
    text_line: that of the text, which may stand behind a blank line that sets it apart.
    """

    new: bytes
    at: int
    added: bytes
    line: int
    heading: Heading | None
    encoding: str
    text_line: int = 0


def inserted(raw: bytes, text: str, under: tuple[str, ...], encoding: str = "") -> Insertion:
    """A note with `text` behind what stands under a heading, before the blank lines and rules there, in the note's encoding and line ends.

    What stands under a heading ends with the next one, of whatever level: behind a heading below it, the text would be that one's.

    under: a heading, or the day that it begins with; before it as many of those above it as tell it from others (outermost first); nothing
        where the note has but one, or none, and then the text comes last.
    Raises Problem where there is no such heading or several, or where the text would change what the lines around it are.
    """
    if not text.strip():
        raise Problem("There is nothing to insert: the text is empty.")
    read = lines(raw, encoding)
    if read.encoding == "ascii" and not "".join((text, *under)).isascii():
        raise Problem("The note is not UTF-8, and what it is cannot be told from its bytes; name it, as in --encoding gb18030.")
    headings, blocks = outline(read.texts)
    heading = _chosen(headings, under) if under or headings else None
    after = _behind(heading, read.texts, {block.line for block in blocks if block.rule})
    for block in blocks:
        if block.line < after <= block.end and _stays_open(read.texts, block.line):
            where = f"The section '{heading.text}'" if heading else "The note"
            raise Problem(f"{where} ends inside the block of code that line {block.line + 1} opens and nothing closes; close it.")
    own = re.split(r"\r\n|\r|\n", text.strip("\r\n"))
    added = _spaced(read, after == (heading.body if heading else 0), after, own)
    where = read.starts[after]
    insertion = Insertion(raw[:where] + added + raw[where:], where, added, after + 1, heading, read.encoding)
    return replace(insertion, text_line=_checked(insertion, headings, read, after))


def _behind(heading: Heading | None, texts: list[str], rules: set[int]) -> int:
    """The line before which the text comes: behind the last of the heading's own, or of the note."""
    if heading is None:
        return next((number for number in range(len(texts), 0, -1) if texts[number - 1].strip()), len(texts))
    after = heading.end
    while after > heading.body and (not texts[after - 1].strip() or after - 1 in rules):
        after -= 1
    return after


def _chosen(headings: list[Heading], under: tuple[str, ...]) -> Heading:
    """The heading of this name below those others. Raises Problem that lists what there is."""
    names = [one.text for one in headings]
    if not under and len(headings) == 1:
        return headings[0]
    if not under:
        raise Problem(f"say under which heading to insert: --under HEADING, or NOTE as in [[NOTE#HEADING]]; there are: {listing(names)}.")
    for found in (_named(headings, under, spaced_once), _named(headings, under, plain), _of_day(headings, under)):
        if len(found) == 1:
            return found[0]
        if found:
            where = listing((f"line {one.line + 1}: {'#'.join(one.path)}" for one in found), 5)
            raise Problem(f"'{'#'.join(under)}' names {len(found)} headings ({where}); say which by one above it, as in ABOVE#{under[-1]}.")
    known = f"there are: {listing(names)}.{nearest(under[-1], names)}" if names else "the note has none; without one, the text comes last."
    raise Problem(f"There is no heading '{'#'.join(under)}'; {known}")


def _named(headings: list[Heading], under: tuple[str, ...], seen: Callable[[str], str]) -> list[Heading]:
    """Those of this name below those others, as names are seen."""
    wanted = [seen(name) for name in under]
    return [one for one in headings if seen(one.text) == wanted[-1] and _below(one, wanted[:-1], seen)]


def _of_day(headings: list[Heading], under: tuple[str, ...]) -> list[Heading]:
    """Those that begin with this day, however either writes it: `06-11` behind a heading of 2025 is `2025/06/11`."""
    found = [headings[number] for number in of_day([one.text for one in headings], under[-1])]
    return [one for one in found if _below(one, [plain(name) for name in under[:-1]], plain)]


def _below(heading: Heading, names: list[str], seen: Callable[[str], str]) -> bool:
    """Whether it has headings of these names above it, in this order."""
    above = iter([seen(name) for name in heading.path[:-1]])
    return all(name in above for name in names)


def _spaced(read: Lines, first: bool, after: int, own: list[str]) -> bytes:
    """The text's lines as they come to stand: apart from a paragraph before them, joined to a list that they go on with.

    first: whether nothing stands there before them.
    """
    if not read.texts:
        return read.encoded("".join(f"{line}\n" for line in own))
    end, count = _end(read, after), len(read.texts)
    last = read.texts[after - 1]
    goes_on = first or not last.strip() or (ITEM.match(own[0]) and (ITEM.match(last) or last.startswith((" ", "\t"))))
    told = end.join(["", *own] if not goes_on else own)
    unfinished = not read.ends[after - 1]  # the file's last line, without an end: it stays the last that has none
    if unfinished:
        return read.encoded(end + told)
    apart = after < count and read.texts[after].strip()  # a heading follows at once
    return read.encoded(told + end + (end if apart else ""))


def _end(read: Lines, after: int) -> str:
    """The note's line end, unless it would meet that of a line beside it: a carriage return and a line feed are one."""
    before, behind = read.ends[after - 1], after < len(read.texts) and not read.texts[after] and read.ends[after] == "\n"
    meets = (read.end == "\n" and before == "\r") or (read.end == "\r" and behind)
    return "\r\n" if meets else read.end


def _stays_open(texts: list[str], line: int) -> bool:
    """Whether what begins in this line, and lasts to the end of the note, would go on with what is added there."""
    _, blocks = outline([*texts, "", "probe"])
    return any(block.line == line and block.end > len(texts) + 1 for block in blocks)


def _checked(insertion: Insertion, headings: list[Heading], read: Lines, after: int) -> int:
    """The text's line. Raises Problem if the headings that were there are not those that are there now, beside the text's own."""
    now = lines(insertion.new, insertion.encoding if insertion.encoding not in ("ascii", "utf-16-le", "utf-16-be") else "")
    more = len(now.texts) - len(read.texts)
    there = [(one.level, one.line, one.text) for one in outline(now.texts)[0] if not after <= one.line < after + more]
    were = [(one.level, one.line + (more if one.line >= after else 0), one.text) for one in headings]
    if there != were:
        raise Problem(
            "The text would change which lines after it are headings, as a block of code that is not closed does; nothing was written."
        )
    return next(number + 1 for number in range(after, after + more) if now.texts[number].strip())
