"""The page of enrolled words: drawn in a real browser, with its recordings, remarks and figures."""

from __future__ import annotations

import dataclasses
import html
import re
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from tests.inference.conftest import WORDS, spoken
from tests.report import browser

from scratchlab.inference import enrolment
from scratchlab.inference.home import Home
from scratchlab.inference.recordings import Recording
from scratchlab.report.home import page, words


def recorded(word: str, take: int) -> Recording:
    sound = spoken(WORDS.get(word, word), take)
    return Recording(word, f"my/{word}/{take}.wav", len(sound) / 16_000, -12.0, sound)


@pytest.fixture(scope="module")
def home() -> Home:
    """Four words, one of whose recordings is swapped and one clipped, with other sounds."""
    given = [recorded(word, take) for word in WORDS for take in range(4)]
    given[3] = dataclasses.replace(recorded("ue", 20), word="ai", file="my/ai/3.wav")
    given[5] = given[5].with_fault("is clipped: 9.0% of its samples are at full scale; record more quietly")
    rng = np.random.default_rng(0)
    noise = [Recording("", f"noise/{number}.wav", 5.0, -20.0, rng.normal(0, 0.05, 80_000).astype(np.float32)) for number in range(2)]
    return enrolment.added(enrolment.empty(), given, noise)


def test_what_the_page_says(home: Home) -> None:
    text = html.unescape(re.sub(r"<[^>]+>", " ", re.sub(r"<(script|style)\b.*?</\1>", "", page.page(home, "lab"), flags=re.DOTALL)))
    assert "my/ai/3.wav sounds more like 'ue' than like the other recordings of 'ai'." in text
    assert "is clipped: 9.0%" in text
    for name, value, _ in words.figures(home):
        assert name in text
        assert value in text
    assert "an hour" in text


@pytest.mark.parametrize("width", [1200, 390])
def test_the_page_is_drawn(home: Home, chromium: Any, tmp_path: Path, width: int) -> None:
    with browser.opened(chromium, page.write(home, tmp_path / "index.html"), width) as tab:
        heights = tab.evaluate("[...document.querySelectorAll('.plot')].map(plot => [plot.dataset.figure, plot.offsetHeight])")
        assert {name for name, height in heights if height > 100} == {"confusion", "threshold", "alarms"}
        assert tab.evaluate("document.documentElement.scrollWidth <= innerWidth")
        assert tab.locator("audio").count() == 16
        ids = tab.evaluate("[...document.querySelectorAll('[id]')].map(one => one.id)")
        assert len(ids) == len(set(ids))


def test_a_name_from_a_folder_is_text_and_nothing_else(home: Home) -> None:
    hostile = "<script>alert(1)</script>"
    renamed = tuple(dataclasses.replace(one, word=hostile if one.word == "ai" else one.word) for one in home.recordings)
    changed = dataclasses.replace(home, recordings=renamed)
    assert "<script>alert" not in page.page(changed, "<b>name</b>")
