"""How numbers, times and settings read."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import Any

from scratchlab import checks
from scratchlab.metrics.estimate import Estimate

THIN = "\u202f"  # a narrow space that does not break: 97.2 %


def percent(value: float) -> str:
    """`97.2 %`, with a minus that is one."""
    return f"{100 * value:.1f}{THIN}%".replace("-", "−")


def bounds(estimate: Estimate, shown: Callable[[float], str], between: str = "[{}, {}]") -> str:
    """The interval with both bounds as `shown`, or nothing where there is none."""
    return "" if estimate.low is None or estimate.high is None else between.format(shown(estimate.low), shown(estimate.high))


def interval(estimate: Estimate) -> str:
    """`[95.1, 98.6]` in per cent, or nothing where there is no interval."""
    return bounds(estimate, lambda share: f"{100 * share:.1f}".replace("-", "−"))


def interval_of_numbers(estimate: Estimate) -> str:
    """`[0.951, 0.986]`, or nothing where there is no interval."""
    return bounds(estimate, number)


def points(difference: float) -> str:
    """A difference of shares in points, with its sign: `+3.2`, `−0.4`, `0.0`."""
    text = f"{100 * difference:+.1f}"
    return "0.0" if text in ("+0.0", "-0.0") else text.replace("-", "−")


def span(estimate: Estimate) -> str:
    """The interval of a difference in points, `[+1.2, +5.1]`, or nothing where there is none."""
    return bounds(estimate, points)


def number(value: float) -> str:
    """Three places, with a minus that is one."""
    text = f"{value:.3f}"
    return "0.000" if text == "-0.000" else text.replace("-", "−")


def agreement(ours: Estimate, published: float | None = None) -> str:
    """Whether an effect has the sign of a published one (above 0, where no figure is known), and whether that figure lies in the interval.

    >>> agreement(Estimate(0.5, 0.2, 0.8), 0.85)
    'the sign agrees; theirs lies outside the interval'
    """
    if ours.value is None or ours.low is None:
        return ours.how
    agrees = "agrees" if (ours.value > 0) == (published is None or published > 0) else "does not agree"
    sign = "not sure: the interval spans 0" if ours.contains(0) else f"the sign {agrees}"
    return sign if published is None else f"{sign}; theirs lies {'inside' if ours.contains(published) else 'outside'} the interval"


def chance(p: float) -> str:
    """`p = 0.032`, `p < 0.001`."""
    return "p < 0.001" if p < 0.001 else f"p = {p:.3f}" if p < 0.0995 else f"p = {p:.2f}"


def moment(text: str) -> str:
    """An ISO time as `3 March 2026, 14:05 UTC`."""
    time = datetime.fromisoformat(text).astimezone(UTC)
    return f"{time.day} {time:%B %Y, %H:%M} UTC"


def duration(seconds: float) -> str:
    """`8 s`, `12 min`, `3 h 20 min`, with spaces that do not part a number from its unit."""
    return re.sub(r"(?<=\d) ", THIN, checks.duration(seconds))


def name(metric: str) -> str:
    """How a metric or a column is called in a table.

    >>> [name(one) for one in ("final_accuracy", "mAP", "rank_1", "auroc_loss")]
    ['Final accuracy', 'mAP', 'Rank 1', 'AUROC loss']
    """
    text = metric.replace("_", " ").replace("auroc", "AUROC")
    return text if text != text.lower() else text[:1].upper() + text[1:]


def place(context: Mapping[str, int | str]) -> str:
    """A context as it stands in a sentence: `session 5`, `shot 1, queries balanced`; nothing where there is only one."""
    return ", ".join(f"{key} {value}" for key, value in context.items())


def first_words(text: str, most: int) -> str:
    """The words with which a text begins, on one line: at most so many characters, and a sign that there is more.

    >>> first_words("is the sigmoid worse than the softmax?", 20)
    'is the sigmoid …'
    """
    line = " ".join(text.split())
    return line if len(line) <= most else (line[: most - 1].rpartition(" ")[0] or line[: most - 2]) + " …"


def setting(value: Any) -> str:
    """A setting as a person writes it."""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, list):
        return ", ".join(setting(one) for one in value) or "none"  # pyright: ignore[reportUnknownVariableType]
    return f"{value:g}" if isinstance(value, float) else str(value) or "(empty)"
