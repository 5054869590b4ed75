"""A note's bytes as lines: where each begins, and what it says, whatever the note's encoding.

What is read is only looked at; nothing is ever encoded back, so every byte of a note stays what it is.
"""

from __future__ import annotations

import codecs
import re
from dataclasses import dataclass

from scratchlab.checks import Problem

SHIFTS = b"a~{b+AGE-c\\u0061d\x1b$)C\x1b$Be"  # of hz, UTF-7, escapes in Python and ISO 2022, in which ASCII bytes mean something else
WIDE = {codecs.BOM_UTF16_LE: "utf-16-le", codecs.BOM_UTF16_BE: "utf-16-be"}


@dataclass(frozen=True)
class Lines:
    """encoding: of the note, as Python calls it. starts: the offset of every line, and of the end. texts: without their ends."""

    encoding: str
    starts: list[int]
    texts: list[str]
    ends: list[str]

    @property
    def end(self) -> str:
        """The line end that most lines have, or a line feed."""
        return max(("\n", "\r\n", "\r"), key=self.ends.count)

    def encoded(self, text: str) -> bytes:
        """A text in the note's encoding. Raises Problem for one that it cannot hold."""
        try:
            return text.encode(self.encoding)
        except UnicodeEncodeError as error:
            raise Problem(
                f"{text[error.start]!r} cannot be written in {self.encoding}, the encoding of this note; leave it out, "
                "or name the note's encoding with --encoding if it is another."
            ) from None


def lines(raw: bytes, encoding: str = "") -> Lines:
    """The lines of a note. UTF-8 and UTF-16 are recognised; a note that is neither is taken for ASCII with strange bytes between.

    encoding: what it is instead, by the person's word. Raises Problem for one that is not known or does not have ASCII inside.
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


def _encoding(raw: bytes, said: str) -> str:
    if said:
        try:
            known = codecs.lookup(said).name
            # bytes that shift would be others in the middle of a note than at its beginning
            inside = "#\n-".encode(known) == b"#\n-" and len(SHIFTS.decode(known, "replace")) == len(SHIFTS)
        except (LookupError, ValueError):
            raise Problem(f"'{said}' is not an encoding; gb18030, euc-kr, shift-jis and latin-1 are some.") from None
        if not inside:
            raise Problem(
                f"{said} is not an encoding that has ASCII inside; UTF-16 is recognised by its first two bytes and need not be named."
            )
        return known
    if raw.startswith((codecs.BOM_UTF32_LE, codecs.BOM_UTF32_BE)):
        raise Problem("The note is UTF-32, which is not written here; save it as UTF-8 first.")
    for mark, wide in WIDE.items():
        if raw.startswith(mark):
            return wide
    try:
        raw.decode()
    except UnicodeDecodeError:
        return "ascii"
    return "utf-8"


def _wide(raw: bytes, encoding: str) -> list[bytes]:
    """Lines of two-byte units; an odd byte at the end belongs to the last."""
    feed, back = ("\n".encode(encoding), "\r".encode(encoding))
    pieces, start, at = list[bytes](), 0, 0
    while at < len(raw):
        unit, at = raw[at : at + 2], at + 2
        if unit == feed or (unit == back and raw[at : at + 2] != feed):
            pieces.append(raw[start:at])
            start = at
    return [*pieces, *([raw[start:]] if start < len(raw) else [])]
