"""Decodes the bytes of a note into lines, whatever its encoding and line ends."""

from __future__ import annotations

import codecs
import re

MARKS = (
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF32_LE, "utf-32-le"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)
SAMPLE = 1 << 16  # bytes used to guess an encoding
_END = re.compile("\r\n|\n|\r")  # line ends as in editors; str.splitlines also splits at form feeds and U+2028


def lines(content: bytes) -> list[str]:
    r"""The lines without their ends; line n of an editor is element n - 1. Undecodable bytes become U+FFFD.

    >>> lines("\ufeffone\r\ntwo".encode())
    ['one', 'two']
    """
    return _END.split(text(content))


def text(content: bytes) -> str:
    """The decoded text, without a byte order mark."""
    for mark, encoding in MARKS:
        if content.startswith(mark):
            return content[len(mark) :].decode(encoding, "replace")
    try:
        return content.decode()
    except UnicodeDecodeError as error:
        damage = content[max(error.start - 64, 0) : error.start + 64]
        return content.decode(_guessed(content) if _foreign(content, damage) else "utf-8", "replace")


def _foreign(content: bytes, damage: bytes) -> bool:
    """Whether this is another encoding rather than UTF-8 with a few broken bytes."""
    whole = content[:SAMPLE].decode("utf-8", "replace")
    beyond = sum(character > "\x7f" for character in whole)
    return whole.count("\ufffd") > 0.2 * beyond or not beyond or b"\xff\xfe" in damage


def _guessed(content: bytes) -> str:
    import charset_normalizer

    candidates = ["gb18030", "euc_kr", "cp949", "big5", "shift_jis", "euc_jp", "cp1252"]
    best = charset_normalizer.from_bytes(content[:SAMPLE], cp_isolation=candidates).best()
    return best.encoding if best else "cp1252"
