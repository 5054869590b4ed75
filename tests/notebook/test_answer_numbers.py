"""Numbers in texts, and whether lines contain them: other notations match, other values do not."""

from __future__ import annotations

from datetime import date, datetime
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scratchlab.notebook.events import Event, Place, Span
from scratchlab.notebook.recall.answer.claims import Support
from scratchlab.notebook.recall.answer.numbers import figures

NEAR = date(2026, 1, 20)


def unsupported(sentence: str, line: str, when: Span | None = None) -> list[str]:
    return list(Support.of([line], [Event("note", line, Place(Path("a.md"), 1), when)]).unsupported(sentence))


@pytest.mark.parametrize(
    ("sentence", "line"),
    [
        ("0.50", "0.5"),
        ("1,000 steps", "1000 steps"),
        ("1000", "1 000".replace(" ", "\u202f")),
        ("1k", "1,000"),
        ("85.9%", "acc 85.9 %"),
        ("85.9 percent", "85.9%"),
        ("85.9%", "acc 0.859"),
        ("0.859", "85.9 %"),
        ("85.9%", "acc (%) | 85.9"),
        ("1e-3", "lr=0.001"),
        ("0.001", "10⁻³"),
        ("3e-4", "3×10^-4"),
        ("3e-4", "$3 \\times 10^{-4}$"),
        ("3 times", "3×"),
        ("3× faster", "3x faster"),
        ("快三倍", "3x faster"),
        ("세 배", "3×"),
        ("1.5 million tokens", "1.5M tokens"),
        ("150万", "1.5M"),
        ("three runs", "3 runs"),
        ("3 runs", "three runs"),
        ("twenty-one", "21"),
        ("one hundred and five", "105"),
        ("三十五步", "35 steps"),
        ("百分之八十五", "85 %"),
        ("이십 에폭", "20 epochs"),
        ("85.9퍼센트로 올랐다", "85.9%"),
        ("3 to 5 hours", "3–5 h"),
        ("from 3% to 5%", "3-5%"),
        ("２４ GB", "24GB"),
        ("−0.4", "-0.4"),
        ("+0.5", "0.5"),
        (".5", "0.5"),
        ("version 2.13.0", "v2.13.0"),
        ("d12", "for d12 and d20"),
        ("8", "bc-resnet-8"),
        ("at 14:30", "14:30 started"),
        ("January 16, 2026", "2026-01-16"),
        ("1月16日", "2026-01-16"),
        ("2026년 1월 16일", "16 Jan 2026"),
        ("in January 2026", "2026-01-16"),
        ("in 2026", "2026-01-16"),
        ("from 19 to 22 January 2026", "2026-01-19 to 2026-01-22"),
        ("on 2026-01-19", "2026-01-19 to 2026-01-22"),
        ("one of the runs, the first", "runs"),
        ("十分重要的一些", "重要"),
    ],
)
def test_other_notations_match(sentence: str, line: str) -> None:
    assert unsupported(sentence, line) == []


@pytest.mark.parametrize(
    ("sentence", "line", "lacking"),
    [
        ("85.9", "0.859", ["85.9"]),
        ("0.86", "0.859", ["0.86"]),
        ("85.9 s", "85.9 %", ["85.9 s"]),
        ("85.9%", "took 85.9 s", ["85.9%"]),
        ("12 epochs", "12 %", ["12"]),
        ("7 %", "7 iterations are 0.7 %", ["7 %"]),
        ("1000", "1.5k", ["1000"]),
        ("-0.4", "0.4", ["-0.4"]),
        ("0.4", "-0.4", ["0.4"]),
        ("1e-4", "1e-3", ["1e-4"]),
        ("3× faster", "2x faster", ["3×"]),
        ("three runs", "2 runs", ["three"]),
        ("三次", "2 次", ["三"]),
        ("세 번", "2번", ["세"]),
        ("百分之八十", "0.9", ["八十"]),
        ("3–6 hours", "3–5 hours", ["6 hours"]),
        ("d20", "d12", ["d20"]),
        ("2.13.1", "2.13.0", ["2.13.1"]),
        ("at 14:03", "14:30", ["14:03"]),
        ("2026-01-17", "2026-01-16", ["2026-01-17"]),
        ("on 16 February", "2026-01-16", ["16 February"]),
        ("on 2026-01-16", "January 2026", ["2026-01-16"]),
        ("24 GB", "24 MB", ["24 GB"]),
        ("1.5 billion", "1.5 million", ["1.5 billion"]),
        ("step_01000.pt", "step_02000.pt", ["01000.pt"]),
    ],
)
def test_other_values_do_not_match(sentence: str, line: str, lacking: list[str]) -> None:
    assert unsupported(sentence, line) == lacking


def test_the_time_of_a_line_supports_its_dates_and_no_other_number() -> None:
    when = Span(datetime(2026, 1, 16), datetime(2026, 1, 17))
    assert unsupported("On 16 January it diverged.", "diverged", when) == []
    assert unsupported("It took 16 epochs.", "diverged", when) == ["16"]


@given(st.integers(0, 10**9), st.integers(0, 6), st.sampled_from(["{:,}", "{}", "{}.0", "{}.00"]))
def test_a_number_matches_itself_in_any_notation_but_no_neighbour(whole: int, shift: int, form: str) -> None:
    value = whole / 10**shift
    said = f"It was {form.format(whole)}." if shift == 0 else f"It was {value:.7f}."
    line = f"value {whole}" if shift == 0 else f"value {value:.7f}0"
    assert unsupported(said, line) == []
    assert unsupported(said, f"value {value + 1:.7f}") != []


@given(st.text(max_size=200))
def test_any_text_supports_itself(text: str) -> None:
    assert unsupported(text, text) == []
    figures(text, NEAR)


@pytest.mark.parametrize("long", ["1" * 5000, "一" * 8000, "十" * 8000, "hundred " * 1000, "1e" * 4000, "1e99999", "-".join("1" * 3000)])
def test_no_number_is_too_long(long: str) -> None:
    assert unsupported(f"It was {long}.", f"It was {long}") == []
    assert unsupported("It was 3.", f"It was {long}") == ["3"]


def test_long_numbers_differ_by_their_last_digit() -> None:
    for digits in (24, 30, 60):
        assert unsupported("1" * digits + "2", "1" * digits + "3") == ["1" * digits + "2"]


@given(st.integers(0, 999_999_999))
def test_english_number_words(number: int) -> None:
    assert [int(one.value) for one in figures(f"{in_words(number)} runs", NEAR, ones=True).numbers] == [number]


@given(st.integers(2, 99_999_999))
def test_chinese_numerals(number: int) -> None:
    assert [int(one.value) for one in figures(f"{in_chinese(number)}个", NEAR, ones=True).numbers] == [number]


SMALL = "zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen seventeen eighteen nineteen"
TENS = "twenty thirty forty fifty sixty seventy eighty ninety"


def in_words(number: int) -> str:
    if number < 20:
        return SMALL.split()[number]
    if number < 100:
        return TENS.split()[number // 10 - 2] + (f"-{in_words(number % 10)}" if number % 10 else "")
    for scale, word in ((10**6, "million"), (1000, "thousand"), (100, "hundred")):
        if number >= scale:
            rest = number % scale
            return f"{in_words(number // scale)} {word}" + (f"{' and' if rest < 100 else ''} {in_words(rest)}" if rest else "")
    raise AssertionError


def in_chinese(number: int) -> str:
    if number >= 10**4:
        rest = number % 10**4
        return in_chinese(number // 10**4) + "万" + ("零" if 0 < rest < 1000 else "") + (in_chinese(rest) if rest else "")
    said = ""
    for scale, char in ((1000, "千"), (100, "百"), (10, "十"), (1, "")):
        digit = number // scale % 10
        if digit:
            said += "零一二三四五六七八九"[digit] + char
        elif said and number % scale and not said.endswith("零"):
            said += "零"
    return said
