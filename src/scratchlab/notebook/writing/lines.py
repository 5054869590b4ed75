"""The lines of a note's bytes: offset and text of each, whatever the note's encoding.

Existing text is only decoded, never encoded again, so that all bytes of a note stay as they are.
"""

from __future__ import annotations

import codecs
import re
from dataclasses import dataclass

from scratchlab.checks import Problem

SHIFTS = (
    b"a~{b+AGE-c\\u0061d\x1b$)C\x1b$Be"  # sequences of hz, UTF-7, Python escapes and ISO 2022, in which ASCII bytes have other meanings
)
WIDE = {codecs.BOM_UTF16_LE: "utf-16-le", codecs.BOM_UTF16_BE: "utf-16-be"}


@dataclass(frozen=True)
class Lines:
    """encoding: Python's name. starts: offsets of the lines, and of the end. texts: lines without their ends. ends: line ends."""

    encoding: str
    starts: list[int]
    texts: list[str]
    ends: list[str]

    @property
    def end(self) -> str:
        """The most frequent line end; a line feed by default."""
        return max(("\n", "\r\n", "\r"), key=self.ends.count)

    def encoded(self, text: str) -> bytes:
        """The text in the note's encoding. Raises Problem for characters that it cannot represent."""
        try:
            return text.encode(self.encoding)
        except UnicodeEncodeError as error:
            raise Problem(
                f"{text[error.start]!r} cannot be represented in {self.encoding}, the encoding of this note; leave it out, "
                "or name the note's encoding with --encoding if it is another one."
            ) from None


def lines(raw: bytes, encoding: str = "") -> Lines:
    """Splits a note into lines. UTF-8 and UTF-16 are recognized; other notes are treated as ASCII with unknown bytes in between.

    encoding: the encoding given by the user. Raises Problem if it is unknown or no superset of ASCII.
    """
    found = _encoding(raw, encoding)
    pieces = _wide(raw, found) if found in WIDE.values() else re.findall(rb"[^\r\n]*(?:\r\n|\r|\n)|[^\r\n]+", raw)
    starts, texts, ends = [0], list[str](), list[str]()
    for piece in pieces:
        starts.append(starts[-1] + len(piece))
        text = piece.decode(found, errors="replace")
        bare = text.rstrip("\r\n")
        texts.append(bare.removeprefix("\ufeff") if len(texts) == 0 else bare)
        ends.append(text[len(bare) :])
    return Lines(found, starts, texts, ends)


def _encoding(raw: bytes, name: str) -> str:
    if name:
        try:
            known = codecs.lookup(name).name
            # in encodings with shift sequences, the same bytes may mean something else in the middle of a note
            inside = "#\n-".encode(known) == b"#\n-" and len(SHIFTS.decode(known, "replace")) == len(SHIFTS)
        except (LookupError, ValueError):
            raise Problem(f"'{name}' is not an encoding; examples are gb18030, euc-kr, shift-jis and latin-1.") from None
        if not inside:
            raise Problem(
                f"{name} is no superset of ASCII and not supported; UTF-16 is recognized by its first two bytes and need not be named."
            )
        return known
    if raw.startswith((codecs.BOM_UTF32_LE, codecs.BOM_UTF32_BE)):
        raise Problem("The note is UTF-32, which is not supported; save it as UTF-8 first.")
    for mark, wide in WIDE.items():
        if raw.startswith(mark):
            return wide
    try:
        raw.decode()
    except UnicodeDecodeError:
        return "ascii"
    return "utf-8"


def _wide(raw: bytes, encoding: str) -> list[bytes]:
    """Splits two-byte encodings into lines; an odd byte at the end belongs to the last line."""
    feed, back = ("\n".encode(encoding), "\r".encode(encoding))
    pieces, start, at = list[bytes](), 0, 0
    while at < len(raw):
        unit, at = raw[at : at + 2], at + 2
        if unit == feed or (unit == back and raw[at : at + 2] != feed):
            pieces.append(raw[start:at])
            start = at
    return [*pieces, *([raw[start:]] if start < len(raw) else [])]
