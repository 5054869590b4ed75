"""DomainBed's printed tables come out of its records, and out of made-up ones what plain loops over the definitions give."""

from __future__ import annotations

import csv
import itertools
import math
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np

STUDY = Path(__file__).parent.parent / "studies" / "domainbed.py"
DOMAINS, STEPS = 3, (0, 300, 400)
Record = dict[str, float | int | str]


def study(*words: object) -> subprocess.CompletedProcess[str]:
    return subprocess.run([sys.executable, str(STUDY), *map(str, words)], capture_output=True, text=True, check=False)


def made_up() -> list[Record]:
    """Every run of a sweep of two settings and two trials over three domains, with accuracies by dice."""
    rng, rows = np.random.default_rng(5), list[Record]()
    lefts = [[i] for i in range(DOMAINS)] + [list(two) for two in itertools.combinations(range(DOMAINS), 2)]
    for left, trial, setting, step in itertools.product(lefts, (0, 1), (0, 1), STEPS):
        name = f"{left}-{trial}-{setting}"
        row: Record = {"run": name, "dataset": "Made", "algorithm": "ERM", "test_envs": str(left), "trial_seed": trial}
        row |= {"hparams_seed": setting, "step": step}
        rows.append(row | {f"env{i}_{part}_acc": float(rng.uniform(0.2, 0.9)) for i in range(DOMAINS) for part in ("in", "out")})
    return [rows[i] for i in rng.permutation(len(rows))]


def saved(rows: list[Record], path: Path) -> Path:
    with path.open("w", newline="") as file:
        writer = csv.DictWriter(file, list(rows[0]))
        writer.writeheader()
        writer.writerows(rows)
    return path


def by_loops(rows: list[Record], domain: int, trial: int) -> tuple[float, float, float]:
    """What the three rules choose for one test domain and trial, by the letter of their definitions."""
    others = [i for i in range(DOMAINS) if i != domain]

    def one(left: list[int], setting: int, step: int) -> Record:
        (found,) = [
            row
            for row in rows
            if (row["test_envs"], row["trial_seed"], row["hparams_seed"], row["step"]) == (str(sorted(left)), trial, setting, step)
        ]
        return found

    best: list[tuple[float, float]] = [(-1.0, 0.0)] * 3
    for setting, step in itertools.product((0, 1), STEPS):
        row = one([domain], setting, step)
        rules = [
            sum(float(row[f"env{i}_out_acc"]) for i in others) / len(others),
            sum(float(one([domain, i], setting, step)[f"env{i}_in_acc"]) for i in others) / len(others),
            float(row[f"env{domain}_out_acc"]) if step == STEPS[-1] else -1.0,
        ]
        best = [max(old, (rule, float(row[f"env{domain}_in_acc"]))) for old, rule in zip(best, rules, strict=True)]
    return best[0][1], best[1][1], best[2][1]


def test_every_printed_number_comes_out(real_data: Callable[[str], Path]) -> None:
    said = study(real_data("tables/domainbed_sweep.csv"), "--expected", real_data("tables/domainbed_expected.txt"))
    assert said.returncode == 0, said.stdout + said.stderr
    assert said.stdout.endswith("\n25 of 25 lines are identical.\n")
    assert "equal  ERM                   98.0 +/- 0.2          64.2 +/- 0.8          74.1 +/- 0.4          77.1 +/- 0.2" in said.stdout


def test_made_up_records_give_what_plain_loops_give(tmp_path: Path) -> None:
    rows = made_up()
    said = study(saved(rows, tmp_path / "made.csv"))
    assert said.returncode == 0, said.stderr
    lines = [line.split("  ") for line in said.stdout.splitlines() if line.startswith("ERM")]
    for rule in range(3):
        reached = [[by_loops(rows, domain, trial)[rule] for trial in (0, 1)] for domain in range(DOMAINS)]
        plain = [f"{50 * (a + b):.1f} +/- {100 * abs(a - b) / 2 / math.sqrt(2):.1f}" for a, b in reached]
        average = f"{100 * sum(a + b for a, b in reached) / 2 / DOMAINS:.1f}"
        assert [word.strip() for word in lines[2 * rule] if word.strip()] == ["ERM", *plain, average]
        trials = [sum(row[trial] for row in reached) / DOMAINS for trial in (0, 1)]
        spread = f"{average} +/- {100 * abs(trials[0] - trials[1]) / 2 / math.sqrt(2):.1f}"
        assert [word.strip() for word in lines[2 * rule + 1] if word.strip()] == ["ERM", spread, average]


def test_what_cannot_be_chosen_is_an_x_with_its_reason(tmp_path: Path) -> None:
    """Without the runs that leave domains 0 and 1 out, nothing cross-validates for these two."""
    rows = [row for row in made_up() if row["test_envs"] != "[0, 1]"]
    said = study(saved(rows, tmp_path / "made.csv"))
    line = [line for line in said.stdout.splitlines() if line.startswith("ERM")][2].split()
    assert (line[1], line[2], line[-1]) == ("X", "X", "X")
    assert line[4] == "+/-"
    reason = "undefined, because no candidate has a leave-one-domain-out cross-validation."
    assert said.stdout.splitlines()[-2:] == [f"X: dataset Made, algorithm ERM, domain {i}: {reason}" for i in (0, 1)]


def test_a_line_that_differs_is_shown_and_a_wrong_table_told(tmp_path: Path) -> None:
    table = saved(made_up(), tmp_path / "made.csv")
    (tmp_path / "expected.txt").write_text(study(table).stdout.replace("Total records: 72", "Total records: 71"))
    said = study(table, "--expected", tmp_path / "expected.txt")
    assert said.returncode == 1
    assert said.stdout.startswith("OTHER  Total records: 72\nexpect Total records: 71\nequal\n")
    assert said.stdout.endswith("24 of 25 lines are identical.\n")
    (tmp_path / "wrong.csv").write_text("run,step\n1,2\n")
    said = study(tmp_path / "wrong.csv")
    assert said.returncode == 1
    assert "has no column test_envs, dataset, algorithm, trial_seed, hparams_seed; it has: run, step." in said.stderr
