"""The study of next steps: what counts as followed up; no day sees itself."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from datetime import date
from pathlib import Path
from types import ModuleType

import pytest

STUDIES = Path(__file__).parents[2] / "studies"
LOG = """# Log
## 2026-03-01
- swept flash_attn on hopper with rotary caches
- a training loss of the baseline
- see modded-nanogpt
- shown first {filler} rotary hopper
## 2026-03-02
- nothing of it
## 2026-03-03: Rotary embeddings
- the baseline loss on hopper
- modded-nanogpt again, modded and nanogpt
"""


@pytest.fixture
def study() -> Iterator[ModuleType]:
    with pytest.MonkeyPatch.context() as patch:
        patch.syspath_prepend(str(STUDIES))
        sys.modules.pop("next_steps", None)
        import next_steps

        yield next_steps


def test_two_rare_terms_that_are_shown_count_and_no_others(study: ModuleType, tmp_path: Path) -> None:
    (tmp_path / "log.md").write_text(LOG.format(filler="filler " * 30))
    for name in ("a.md", "b.md"):
        (tmp_path / name).write_text("the baseline loss of a training again\n")
    log = study.Log(tmp_path / "log.md", [tmp_path / "a.md", tmp_path / "b.md"], date(2026, 3, 1))
    followed = log.judge(2, 2)
    told = [followed(event) for event in log.days[0]]
    assert told == [True, False, False, False]  # hopper and rotary; words of everyone; one term; beyond what is shown
    assert not log.judge(2, 3)(log.days[0][0])
    assert not any(map(log.judge(1, 2), log.days[0]))


def test_a_rule_sees_only_the_past(study: ModuleType, tmp_path: Path) -> None:
    days = "".join(f"## 2026-03-{day:02}\n- alpha{day} beta{day}\n- gamma{day}?\n" for day in range(1, 9))
    (tmp_path / "log.md").write_text("# Log\n" + days)
    log = study.Log(tmp_path / "log.md", [], date(2026, 3, 1))
    for rule in study.RULES.values():
        found = rule(log.days[:5])
        assert 0 < len(found) <= 5
        assert all(event.when.start.day <= 5 for event in found)


def test_the_figures_of_the_page(study: ModuleType, real_data: Callable[[str], Path]) -> None:
    folder = real_data("notes")
    logs = [folder / "nanochat" / "LOG.md", *sorted((folder / "bigscience").glob("*.md"))]
    found = study.hits(study.Log(logs[0], logs, date(2026, 1, 1)), 2)
    assert {name: round(float(values.mean()), 2) for name, values in found.items()} == {
        "two open items + last-day spread": 0.35,
        "last day's first five": 0.20,
        "five open items": 0.20,
        "after the most similar day": 0.05,
        "longest five of the last day": 0.30,
        "random past": 0.13,
    }
