"""Splitting notes into blocks: no line lost, exact line numbers, and CommonMark where diaries agree with it."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from markdown_it import MarkdownIt

from scratchlab.notebook.vault.blocks import MOST, blocks
from scratchlab.notebook.vault.decoding import lines

NOTE = """# Log

Some text
that goes on.

- first
  goes on
    - [ ] nested task
    - [x] done
* star
1. numbered

> quoted
> twice

| a | b |
|---|---|
| 1 | 2 |

```python
# no heading
- no item
```

Title
=====

>> Epoch 3 loss 0.5
---
the end"""


def kinds(text: str) -> list[tuple[str, int, int, int]]:
    return [(block.kind, block.line, block.last, block.level) for block in blocks(text.split("\n"))]


def test_every_kind_with_its_lines() -> None:
    assert kinds(NOTE) == [
        ("heading", 1, 1, 1),
        ("paragraph", 3, 4, 0),
        ("item", 6, 7, 0),
        ("item", 8, 8, 4),
        ("item", 9, 9, 4),
        ("item", 10, 10, 0),
        ("item", 11, 11, 0),
        ("quote", 13, 14, 0),
        ("row", 16, 16, 0),
        ("row", 18, 18, 0),
        ("code", 20, 23, 0),
        ("heading", 25, 26, 1),
        ("quote", 28, 28, 0),
        ("paragraph", 30, 30, 0),
    ]
    assert [block.mark for block in blocks(NOTE.split("\n")) if block.mark] == [" ", "x"]


def test_a_long_paste_is_split() -> None:
    paste = "\n".join(["```", *(f"epoch {i}" for i in range(40)), "```"])
    cut = list(blocks(paste.split("\n")))
    assert [block.line for block in cut] == [1, 1 + MOST, 1 + 2 * MOST, 1 + 3 * MOST]
    assert cut[-1].last == 42


def test_an_unclosed_fence_contains_the_rest() -> None:
    assert kinds("```\n# a\n- b") == [("code", 1, 3, 0)]


@given(st.lists(st.text(alphabet="ab -*#>|`~=_1.[]x\t:", max_size=12), max_size=30))
def test_each_line_is_in_exactly_one_block(note: list[str]) -> None:
    found = list(blocks(note))
    held = [number for block in found for number in range(block.line, block.last + 1)]
    assert held == sorted(set(held))
    rules = {number for number, line in enumerate(note, 1) if not set(line) - set("-*_|: =\t")}
    assert {number for number, line in enumerate(note, 1) if line.strip()} - set(held) <= rules
    for block in found:
        assert block.text == "\n".join(note[block.line - 1 : block.last]) or block.kind == "heading"


@pytest.mark.parametrize(
    "name", ["nanochat/LOG.md", "bigscience/train_tr11-176B-ml_chronicles.md", "bigscience/train_tr8b-104B_chronicles.md"]
)
def test_real_notes_as_a_commonmark_parser_reads_them(name: str, real_data: Callable[[str], Path]) -> None:
    """Headings and fences have the same lines as in markdown-it-py."""
    note = lines((real_data("notes") / name).read_bytes())
    tokens = MarkdownIt().parse("\n".join(note))
    headings = {token.map[0] + 1 for token in tokens if token.type == "heading_open" and token.map}
    fences = {token.map[0] + 1 for token in tokens if token.type == "fence" and token.map}
    found = list(blocks(note))
    assert {block.line for block in found if block.kind == "heading"} == headings
    assert fences <= {block.line for block in found if block.kind in ("code", "item")}
