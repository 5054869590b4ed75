"""Creates sessions.json: session metrics of a fixed table of predictions, by counting with exact fractions.

python tests/golden/make_sessions.py
"""

from __future__ import annotations

import json
from fractions import Fraction
from pathlib import Path

BASE = [0, 1, 2]


def answers() -> list[tuple[int, int]]:
    """(predicted, true) labels of 97 queries over five classes: computed without random numbers, so that they never change."""
    return [((i * i + i // 3) % 5 if i % 3 == 0 else i % 5, i % 5) for i in range(97)]


def share(pairs: list[tuple[int, int]]) -> Fraction:
    return Fraction(sum(answer == truth for answer, truth in pairs), len(pairs))


def metrics() -> dict[str, float]:
    pairs = answers()
    base, new = ([pair for pair in pairs if (pair[1] in BASE) is wanted] for wanted in (True, False))
    recalls = [share([pair for pair in pairs if pair[1] == label]) for label in range(5)]
    a, b = share(base), share(new)
    exact = {"accuracy": share(pairs), "balanced": sum(recalls) / 5, "base": a, "new": b, "harmonic": 2 * a * b / (a + b)}
    return {name: float(value) for name, value in exact.items()}


if __name__ == "__main__":
    golden = {"answers": answers(), "base": BASE, "metrics": metrics()}
    Path(__file__).with_name("sessions.json").write_text(json.dumps(golden, indent=1) + "\n")
