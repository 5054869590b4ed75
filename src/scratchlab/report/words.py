"""Formats numbers, times and settings as text."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import Any

from scratchlab import checks
from scratchlab.metrics.estimate import Estimate

THIN = "\u202f"  # a narrow no-break space: 97.2 %


def percent(value: float) -> str:
    """`97.2 %`, with a typographic minus."""
    return f"{100 * value:.1f}{THIN}%".replace("-", "−")


def bounds(estimate: Estimate, formatted: Callable[[float], str], template: str = "[{}, {}]") -> str:
    """The interval with both bounds formatted, or an empty string if there is none."""
    return "" if estimate.low is None or estimate.high is None else template.format(formatted(estimate.low), formatted(estimate.high))


def interval(estimate: Estimate) -> str:
    """`[95.1, 98.6]` in percent, or an empty string if there is no interval."""
    return bounds(estimate, lambda fraction: f"{100 * fraction:.1f}".replace("-", "−"))


def interval_of_numbers(estimate: Estimate) -> str:
    """`[0.951, 0.986]`, or an empty string if there is no interval."""
    return bounds(estimate, number)


def points(difference: float) -> str:
    """A difference of fractions in percentage points, with its sign: `+3.2`, `−0.4`, `0.0`."""
    text = f"{100 * difference:+.1f}"
    return "0.0" if text in ("+0.0", "-0.0") else text.replace("-", "−")


def span(estimate: Estimate) -> str:
    """The interval of a difference in percentage points, `[+1.2, +5.1]`, or an empty string if there is none."""
    return bounds(estimate, points)


def number(value: float) -> str:
    """Three decimals, with a typographic minus."""
    text = f"{value:.3f}"
    return "0.000" if text == "-0.000" else text.replace("-", "−")


def agreement(ours: Estimate, published: float | None = None) -> str:
    """Whether an effect has the sign of a published one (positive if its value is unknown), and whether the interval contains that value.

    >>> agreement(Estimate(0.5, 0.2, 0.8), 0.85)
    'the sign agrees; the published value lies outside the interval'
    """
    if ours.value is None or ours.low is None:
        return ours.how
    agrees = "agrees" if (ours.value > 0) == (published is None or published > 0) else "does not agree"
    sign = "undecided: the interval contains 0" if ours.contains(0) else f"the sign {agrees}"
    return (
        sign
        if published is None
        else f"{sign}; the published value lies {'inside' if ours.contains(published) else 'outside'} the interval"
    )


def chance(p: float) -> str:
    """`p = 0.032`, `p < 0.001`."""
    return "p < 0.001" if p < 0.001 else f"p = {p:.3f}" if p < 0.0995 else f"p = {p:.2f}"


def moment(text: str) -> str:
    """An ISO time as `3 March 2026, 14:05 UTC`."""
    time = datetime.fromisoformat(text).astimezone(UTC)
    return f"{time.day} {time:%B %Y, %H:%M} UTC"


def duration(seconds: float) -> str:
    """`8 s`, `12 min`, `3 h 20 min`, with no-break spaces between numbers and units."""
    return re.sub(r"(?<=\d) ", THIN, checks.duration(seconds))


def name(metric: str) -> str:
    """The name of a metric or column as a table shows it.

    >>> [name(metric) for metric in ("final_accuracy", "mAP", "rank_1", "auroc_loss")]
    ['Final accuracy', 'mAP', 'Rank 1', 'AUROC loss']
    """
    text = metric.replace("_", " ").replace("auroc", "AUROC")
    return text if text != text.lower() else text[:1].upper() + text[1:]


def place(context: Mapping[str, int | str]) -> str:
    """A context as text: `session 5`, `shot 1, queries balanced`; an empty string if there is only one context."""
    return ", ".join(f"{key} {value}" for key, value in context.items())


def first_words(text: str, most: int) -> str:
    """The first words of a text on one line: at most `most` characters, with an ellipsis if it is cut.

    >>> first_words("is the sigmoid worse than the softmax?", 20)
    'is the sigmoid …'
    """
    line = " ".join(text.split())
    return line if len(line) <= most else (line[: most - 1].rpartition(" ")[0] or line[: most - 2]) + " …"


def setting(value: Any) -> str:
    """The value of a setting as text."""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, list):
        return ", ".join(setting(item) for item in value) or "none"  # pyright: ignore[reportUnknownVariableType]
    return f"{value:g}" if isinstance(value, float) else str(value) or "(empty)"
