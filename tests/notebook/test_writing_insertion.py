"""Insertion: every byte of the note stays, and headings stay headings."""

from __future__ import annotations

import codecs

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from scratchlab.checks import Problem
from scratchlab.notebook.writing.headings import outline
from scratchlab.notebook.writing.insertion import insert_text
from scratchlab.notebook.writing.lines import lines

LINES = st.sampled_from(
    """# A|## B|### 2025/04/10|Title|===|---|```|~~~~|````|- item|  more|    code|> # quoted|1. # listed|||text|text # no|#no|####### no
<!--|-->|<div>|%%|\tx|日本 显存|# A|é|\x0b\x0c\u2028# no""".replace("\n", "|").split("|")
)
ENDS = st.sampled_from(["\n", "\n", "\r\n", "\r"])
TEXTS = st.one_of(LINES, st.lists(LINES, min_size=1, max_size=4).map("\n".join), st.text(min_size=1, max_size=20))


@st.composite
def notes(draw: st.DrawFn) -> bytes:
    """Notes with all kinds of lines, line ends and encodings, with or without a last line end."""
    told = draw(st.lists(st.tuples(LINES, ENDS), max_size=25))
    text = "".join(line + end for line, end in told)
    if draw(st.booleans()):
        text = text.rstrip("\r\n")
    shape = draw(st.sampled_from(["utf-8", "bom", "utf-16-le", "utf-16-be", "gb18030"]))
    if shape == "bom":
        return codecs.BOM_UTF8 + text.encode()
    if shape.startswith("utf-16"):
        return "\ufeff".encode(shape) + text.encode(shape)
    return text.encode(shape)


def check(raw: bytes, text: str, encoding: str = "") -> None:
    headings, _ = outline(lines(raw, encoding).texts)
    for heading in headings[:3] or [None]:
        under = heading.path if heading else ()
        try:
            made = insert_text(raw, text, under, encoding)
        except Problem:
            continue
        assert made.new == raw[: made.at] + made.added + raw[made.at :]
        assert len(made.new) > len(raw)
        before, after = lines(raw, encoding), lines(made.new, encoding)
        assert before.texts == after.texts[: made.line - 1] + after.texts[made.line - 1 + len(after.texts) - len(before.texts) :]
        assert after.texts[made.text_line - 1].strip()
        new = after.texts[made.line - 1 : made.line - 1 + len(after.texts) - len(before.texts)]
        assert "\n".join(new).strip() == "\n".join(lines(text.encode()).texts).strip()
        assert not raw or bool(before.ends[-1]) == bool(after.ends[-1]) or made.at < len(raw)
        assert [one.text for one in headings] == [
            one.text for one in outline(after.texts)[0] if not made.line - 1 <= one.line < made.line - 1 + len(new)
        ]


@given(notes(), TEXTS)
@example(b"# A\r# A\rTitle\r## B\n\n", "0\n0")
@example(b"# A\n# A\n# C\r# B\n", "Title")
@settings(max_examples=300)
def test_every_byte_stays_in_order(raw: bytes, text: str) -> None:
    check(raw, text)


@given(st.binary(max_size=200), st.sampled_from(["text", "- item\n  more"]))
@settings(max_examples=150)
def test_undecodable_bytes_stay(raw: bytes, text: str) -> None:
    check(b"# A\n" + raw, text)


@given(notes(), TEXTS)
@settings(max_examples=100)
def test_with_a_given_encoding(raw: bytes, text: str) -> None:
    check(raw, text, "gb18030")


@pytest.mark.parametrize(
    ("note", "under", "text", "expected"),
    [
        ("# A\n", "A", "x", "# A\nx\n"),
        ("# A", "A", "x", "# A\nx"),
        ("# A\n\n- one\n\n# B\n", "A", "- two", "# A\n\n- one\n- two\n\n# B\n"),
        ("# A\nwords\n# B\n", "A", "x", "# A\nwords\n\nx\n\n# B\n"),
        ("# A\nwords\nTitle\n===\n", "A", "x", None),  # the words belong to the title: the section of A is empty
        ("# A\n## B\nb\n# C\n", "A", "x", "# A\nx\n\n## B\nb\n# C\n"),  # behind b, it would stand under B
        ("# A\n\na\n\n## B\n\nb\n", "A", "x", "# A\n\na\n\nx\n\n## B\n\nb\n"),
        ("# A\nwords\n\n---\n\n# B\n", "A", "x", "# A\nwords\n\nx\n\n---\n\n# B\n"),
        ("# A\n---\n# B\n", "A", "x", "# A\nx\n\n---\n# B\n"),
        ("# A\n## B\nb\n# C\n", "B", "x", "# A\n## B\nb\n\nx\n\n# C\n"),
        ("# A\r\na\r\n", "A", "x\ny", "# A\r\na\r\n\r\nx\r\ny\r\n"),
        ("```\n# A\n```\n# A\nq", "A", "x", "```\n# A\n```\n# A\nq\n\nx"),
        ("---\n# A: 1\n---\nA\n===\n", "A", "x", "---\n# A: 1\n---\nA\n===\nx\n"),
        ("### 2025/04/10 ###\n- a\n  - b\n", "2025/04/10", "- c", "### 2025/04/10 ###\n- a\n  - b\n- c\n"),
    ],
)
def test_positions_of_insertions(note: str, under: str, text: str, expected: str | None) -> None:
    made = insert_text(note.encode(), text, (under,)).new.decode()
    assert made == (expected or "# A\nx\n\nwords\nTitle\n===\n")


@pytest.mark.parametrize(
    ("note", "text", "expected"),
    [
        ("", "x", "x\n"),
        ("\n\n", "x", "\n\nx\n"),
        ("- a\n- b\n\n", "- c", "- a\n- b\n- c\n\n"),
        ("words", "x", "words\n\nx"),
        ("\ufeff", "x", "\ufeff\nx"),
        ("---\ntags: a\n---\n", "x", "---\ntags: a\n---\n\nx\n"),
        ("a\n\n***\n", "x", "a\n\n***\n\nx\n"),
    ],
)
def test_text_is_appended_without_headings(note: str, text: str, expected: str) -> None:
    made = insert_text(note.encode(), text, ())
    assert made.new.decode() == expected
    assert made.heading is None


def test_characters_that_links_omit_are_ignored() -> None:
    assert insert_text(b"## **2025/04/10**: loss\n", "x", ("2025/04/10 loss",)).line == 2


@pytest.mark.parametrize(
    ("under", "line"),
    [("2025-06-11", 5), ("06-11", 5), ("6月11日", 5), ("2025/03/05", 1), ("11 June 2025", 5), ("2024-06-11", 0), ("2025-03-07", 0)],
)
def test_a_day_is_found_in_any_notation(under: str, line: int) -> None:
    note = b"# 2025-03-05 (Wed)\na\n## 03-07\n## 03-07 again\n## 06-11: plans\nb\n"
    if not line:
        with pytest.raises(Problem, match=r"There is no heading|matches 2 headings"):
            insert_text(note, "x", (under,))
        return
    made = insert_text(note, "x", (under,)).heading
    assert made is not None
    assert made.line == line - 1


def test_the_only_heading_need_not_be_named() -> None:
    assert insert_text(b"# 2025-06-17\n\n- a\n", "- b", ()).new == b"# 2025-06-17\n\n- a\n- b\n"


def test_a_parent_heading_disambiguates() -> None:
    note = b"# Mon\n## Todo\na\n# Tue\n## Todo\nb\n"
    assert insert_text(note, "x", ("Tue", "Todo")).line > 6
    with pytest.raises(Problem, match=r"matches 2 headings \(line 2: Mon#Todo, line 5: Tue#Todo\); choose one"):
        insert_text(note, "x", ("Todo",))


@pytest.mark.parametrize(
    ("note", "under", "text", "sentence"),
    [
        (b"# Results\n", "Result", "x", "There is no heading 'Result'; the headings are: Results. Did you mean 'Results'"),
        (b"plain\n", "A", "x", "the note has none; leave the heading out to append the text"),
        (b"```\nplain\n", "", "x", "The note ends inside the code block that line 1 opens"),
        (b"# A\n# B\n", "", "x", "name the heading to insert under: .*headings are: A, B"),
        (b"# A\n", "A", " \n", "text to insert is empty"),
        (b"# A\n```\ncode\n\n", "A", "x", "line 2 opens and that is never closed"),
        (b"# A\n# B\n", "A", "```\ncode", "change which lines after it are headings"),
        (b"# A\n\xc0\n", "A", "\u663e\u5b58", "not UTF-8"),
        (codecs.BOM_UTF32_LE + b"#\0\0\0", "A", "x", "UTF-32"),
    ],
)
def test_impossible_insertions_are_errors(note: bytes, under: str, text: str, sentence: str) -> None:
    with pytest.raises(Problem, match=sentence):
        insert_text(note, text, (under,) if under else ())


@pytest.mark.parametrize(
    ("encoding", "sentence"),
    [
        *((name, "is not an encoding;") for name in ("klingon", "undefined", "idna", "rot13", "base64", "a\0b")),
        *((name, "superset of ASCII") for name in ("cp037", "utf-16", "punycode", "unicode_escape")),
        *(
            (name, "superset of ASCII") for name in ("hz", "utf-7", "raw_unicode_escape", "iso2022_jp", "iso2022_kr")
        ),  # a text has several spellings
    ],
)
def test_invalid_encodings(encoding: str, sentence: str) -> None:
    with pytest.raises(Problem, match=sentence):
        insert_text(b"# A\n", "x", ("A",), encoding)


@pytest.mark.parametrize(
    "encoding",
    ["utf-8", "gb18030", "gbk", "gb2312", "big5", "euc-kr", "cp949", "johab", "shift-jis", "cp932", "euc-jp", "latin-1", "koi8-r"],
)
def test_supported_encodings(encoding: str) -> None:
    assert insert_text(b"# A\n", "x", ("A",), encoding).new == b"# A\nx\n"


def test_the_text_takes_the_notes_encoding() -> None:
    assert insert_text("# 显存\n".encode("gb18030"), "不够", ("显存",), "gb18030").new == "# 显存\n不够\n".encode("gb18030")
    assert insert_text("\ufeff# 显存\r\n".encode("utf-16-le"), "不够", ("显存",)).new == "\ufeff# 显存\r\n不够\r\n".encode("utf-16-le")
    with pytest.raises(Problem, match="cannot be represented in iso8859-1"):
        insert_text(b"# caf\xe9\n", "显存", ("café",), "latin-1")


def test_a_heading_that_only_mentions_a_day_is_not_that_days() -> None:
    note = b"# Diary\n## Compare with 2025-04-10\n## Run digits-20250410 failed\n## 4/10 tests pass\n"
    with pytest.raises(Problem, match="There is no heading"):
        insert_text(note, "x", ("2025-04-10",))
    made = insert_text(note + b"## Thu 2025/4/10: loss\n", "x", ("2025-04-10",)).heading
    assert made is not None
    assert made.line == 4
