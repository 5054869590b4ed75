"""Number words in English, Chinese and Korean, as far as they can be distinguished from other words.

`one`, 一 and 한 are ignored in claims, `first` and `second` everywhere: they are articles and pronouns more often than numbers.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from decimal import Decimal

Spelled = tuple[Decimal, int, int]  # value and position: text[start:end]

LONGEST = 25  # characters of a number in CJK
_ONES = [
    "zero",
    "one",
    "two",
    "three",
    "four",
    "five",
    "six",
    "seven",
    "eight",
    "nine",
    "ten",
    "eleven",
    "twelve",
    "thirteen",
    "fourteen",
    "fifteen",
    "sixteen",
    "seventeen",
    "eighteen",
    "nineteen",
]
_SMALL = {word: i for i, word in enumerate(_ONES)}
_TENS = {word: 10 * (i + 2) for i, word in enumerate(["twenty", "thirty", "forty", "fifty", "sixty", "seventy", "eighty", "ninety"])}
_ENGLISH = {**_SMALL, **_TENS}
_SCALES = {"hundred": 100, "thousand": 10**3, "million": 10**6, "billion": 10**9}
_OTHER = {
    **{word: Decimal(i) for i, word in enumerate(["third", "fourth", "fifth", "sixth", "seventh", "eighth", "ninth", "tenth"], 3)},
    "dozen": Decimal(12),
    "twice": Decimal(2),
    "double": Decimal(2),
    "doubled": Decimal(2),
    "doubles": Decimal(2),
    "thrice": Decimal(3),
    "triple": Decimal(3),
    "tripled": Decimal(3),
    "half": Decimal("0.5"),
    "halved": Decimal("0.5"),
}
_WORD = "|".join(sorted([*_ENGLISH, *_SCALES], key=len, reverse=True))
_ENGLISH_RUN = re.compile(rf"\b(?:{_WORD})(?:(?:[\s-]+|\s+and\s+)(?:{_WORD}))*\b|\b(?:{'|'.join(_OTHER)})\b", re.IGNORECASE)

_HAN = {char: i for i, char in enumerate("零一二三四五六七八九")} | {"〇": 0, "两": 2, "兩": 2}
_HAN_SCALES = {"十": 10, "百": 100, "千": 1000, "万": 10**4, "萬": 10**4, "亿": 10**8, "億": 10**8}
_HAN_CHARS = "".join([*_HAN, *_HAN_SCALES])
_COUNTED = "个個次天周月年轮輪倍层層步秒小种種块塊张張条條组組台卡项項类類篇页頁行段位名件份遍回"
_CHINESE_RUN = re.compile(
    rf"(?P<percent>百分之)?(?P<whole>[{_HAN_CHARS}]+)(?:点(?P<part>[{''.join(_HAN)}]+))?(?=(?P<counted>分[钟鐘]|[{_COUNTED}])?)"
)
_NO_NUMBER = {"万一", "千万", "一一", "三三两两", "千千万万", "成千上万"}

_NATIVE = {"한": 1, "두": 2, "세": 3, "네": 4, "다섯": 5, "여섯": 6, "일곱": 7, "여덟": 8, "아홉": 9}
_NATIVE_TENS = {"열": 10, "스물": 20, "스무": 20, "서른": 30, "마흔": 40, "쉰": 50}
_SINO = {char: i for i, char in enumerate("영일이삼사오육칠팔구")}
_SINO_SCALES = {"십": 10, "백": 100, "천": 1000, "만": 10**4, "억": 10**8}
_KOREAN_COUNTED = (
    "번째|번|개월|개|가지|배|시간|명|달|주|차례|대|층|곳|장|회|분|초|년|월|일|퍼센트|프로|에폭|에포크|스텝|단계|모델|실험|줄|차|위"
)
_KOREAN_RUN = re.compile(
    rf"(?<![가-힣])(?:(?P<tens>{'|'.join(_NATIVE_TENS)})?(?P<native>{'|'.join(_NATIVE)})?|"
    rf"(?P<sino>[삼사오육칠팔구십백천]|[{''.join([*_SINO, *_SINO_SCALES])}]{{2,}}))(?=\s?(?:{_KOREAN_COUNTED}))"
)


def spelled(text: str, ones: bool = False) -> Iterator[Spelled]:
    """The numbers that a text spells out; ones: whether to include 1.

    >>> [str(value) for value, _, _ in spelled("twenty-one runs, 三十五 步, 세 번, 百分之八十")]
    ['21', '35', '80', '3']
    """
    for run in (_english(text), _chinese(text), _korean(text)):
        yield from (number for number in run if ones or number[0] != 1)


def _english(text: str) -> Iterator[Spelled]:
    for match in _ENGLISH_RUN.finditer(text):
        word = match[0].lower()
        if word in _OTHER:
            yield _OTHER[word], *match.span()
            continue
        for start, end, value in _values(re.finditer(_WORD, word)):
            yield Decimal(value), match.start() + start, match.start() + end


def _values(words: Iterator[re.Match[str]]) -> Iterator[tuple[int, int, int]]:
    """Groups words into numbers: `twenty one hundred` is one number, `two three` are two."""
    begun: tuple[int, int] | None = None
    whole = part = last = 0
    for match in words:
        word = match[0]
        if word in _SCALES:
            scale = _SCALES[word]
            whole, part = (whole, max(part, 1) * scale) if scale == 100 else (whole + max(part, 1) * scale, 0)
            last = scale
        else:
            goes_on = begun is not None and (last >= 100 or (20 <= last < 100 and 0 < _ENGLISH[word] < 10))
            if begun is not None and not goes_on:
                yield *begun, whole + part
                begun, whole, part = None, 0, 0
            part += _ENGLISH[word]
            last = _ENGLISH[word]
        begun = (begun[0] if begun else match.start(), match.end())
    if begun is not None:
        yield *begun, whole + part


def _chinese(text: str) -> Iterator[Spelled]:
    for match in _CHINESE_RUN.finditer(text):
        whole, part = match["whole"], match["part"]
        ordinal = match.start() > 0 and text[match.start() - 1] == "第"
        fraction = text[match.end() : match.end() + 2] == "分之" or text[: match.start()].endswith("分之")
        if whole in _NO_NUMBER or not (len(whole) > 1 or part or match["percent"] or match["counted"] or ordinal or fraction):
            continue
        if len(whole) == 1 and whole in "万萬亿億千百":  # 万个 without a digit before it
            continue
        value = Decimal(_scaled(whole, _HAN, _HAN_SCALES))
        if part:
            value = Decimal(f"{value}.{''.join(str(_HAN[char]) for char in part)}")
        yield value, match.start("whole"), match.end()


def _korean(text: str) -> Iterator[Spelled]:
    for match in _KOREAN_RUN.finditer(text):
        if match["sino"]:
            yield Decimal(_scaled(match["sino"], _SINO, _SINO_SCALES)), *match.span()
        elif match[0]:
            yield Decimal(_NATIVE_TENS.get(match["tens"] or "", 0) + _NATIVE.get(match["native"] or "", 0)), *match.span()


def _scaled(word: str, digits: dict[str, int], scales: dict[str, int]) -> int:
    """Parses 三百二十 and 이천 by their scales; without a scale, digit by digit (二〇二五). Reads at most LONGEST characters."""
    word = word[:LONGEST]
    if not any(char in scales for char in word):
        return int("".join(str(digits[char]) for char in word))
    whole = section = digit = 0
    for char in word:
        if char in digits:
            digit = digits[char]
        elif scales[char] < 10**4:
            section, digit = section + (digit or 1) * scales[char], 0
        elif scales[char] == 10**4:
            whole, section, digit = whole + (section + digit or 1) * 10**4, 0, 0
        else:
            whole, section, digit = (whole + section + digit or 1) * scales[char], 0, 0
    return whole + section + digit
