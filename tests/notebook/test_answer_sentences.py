"""Splitting a model's text into sentences with their citations."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scratchlab.notebook.recall.answer.sentences import sentences


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("It fell to 0.5 [1]. Then it rose [2].", [("It fell to 0.5.", (1,)), ("Then it rose.", (2,))]),
        ("It fell to 0.5. [1] Then it rose. [2][3]", [("It fell to 0.5.", (1,)), ("Then it rose.", (2, 3))]),
        ("然后发散了[1]。换了学习率。[2]好了！", [("然后发散了。", (1,)), ("换了学习率。", (2,)), ("好了！", ())]),
        ("세 번 실패했다 [1]. 다시 했다. [2, 3]", [("세 번 실패했다.", (1,)), ("다시 했다.", (2, 3))]),
        ("다시 했다.[1]그리고 끝났다.[2]", [("다시 했다.", (1,)), ("그리고 끝났다.", (2,))]),
        ("See e.g. LOG.md vs. a.py, Fig. 3, v2.13.0 [1]. No. It is no. 5 [2].", None),
        ("- bullet [1]\n2. second [2]\n## third [3]", [("bullet", (1,)), ("second", (2,)), ("third", (3,))]),
        ("It fell.\n[1]", [("It fell.", (1,))]),
        ("<think>so [1]. hm</think>It fell 【1】.", [("It fell.", (1,))]),
        ("<think>and so on, without end [1].", []),
        ('He said "no." [1] It went on… [2]', [('He said "no."', (1,)), ("It went on…", (2,))]),
        ("**Bold** it was [1][1].", [("Bold it was.", (1,))]),
        ("", []),
    ],
)
def test_texts(text: str, found: list[tuple[str, tuple[int, ...]]] | None) -> None:
    split = sentences(text)
    if found is None:
        assert [one.text for one in split] == ["See e.g. LOG.md vs. a.py, Fig. 3, v2.13.0.", "No.", "It is no. 5."]
    else:
        assert split == found


@given(st.text(alphabet="ab1. [](。！?]\n【,，", max_size=120))
def test_no_letter_is_lost_or_repeated(text: str) -> None:
    letters = [char for char in text if char in "ab"]
    assert [char for one in sentences(text) for char in one.text if char in "ab"] == letters
