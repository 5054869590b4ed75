"""Small line charts as self-contained SVG files, without scripts, fonts or libraries, readable in light and dark mode.

The chart has its own background: images follow the colour scheme of the system even if the page around them does not.
"""

from __future__ import annotations

import html
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

WIDTH, HEIGHT = 640, 270
LEFT, RIGHT, TOP, BOTTOM = 58, 20, 62, 44
DASHES = ("none", "7 4", "2 3", "8 3 2 3", "12 4", "12 3 2 3", "3 2", "9 3 2 3 2 3")
ROW = 19  # height of a row of the legend in pixels
STYLE = """
svg { --ground: #fbfaf7; --ink: #1c1c1a; --quiet: #5f5d57; --rule: #e3e0d9; --c0: #0072b2; --c1: #c65200; --c2: #00825f; --c3: #b0588c;
 --c4: #1c1c1a; --c5: #7a5cd6; --c6: #4f5a00; --c7: #7a1f2b; }
@media (prefers-color-scheme: dark) {
 svg { --ground: #1e2125; --ink: #ebe9e4; --quiet: #a5a39c; --rule: #3a3e44; --c0: #56b4e9; --c1: #e69f00; --c2: #2fc49a; --c3: #e09cc3;
 --c4: #ebe9e4; --c5: #9a83f5; --c6: #f0e442; --c7: #ff6f5e; }
}
text { font: 13px system-ui, -apple-system, "Segoe UI", Roboto, sans-serif; fill: var(--quiet); }
.title { font-size: 15px; font-weight: 600; fill: var(--ink); }
.rule { stroke: var(--rule); } .line { fill: none; stroke-width: 2.25; stroke-linejoin: round; } .whisker { stroke-width: 1.25; }
"""


@dataclass(frozen=True)
class Point:
    """A value at a position x, with its confidence interval if there is one."""

    x: int
    y: float
    low: float | None = None
    high: float | None = None


def chart(
    title: str,
    lines: Mapping[str, Sequence[Point]],
    axis: str,
    *,
    percent: bool = False,
    labels: Mapping[int, str] | None = None,
    first_colour: int = 0,
) -> str:
    """The SVG text of a line chart with at least one point.

    lines: points by name. percent: whether values are fractions, to be labelled in per cent. labels: of the x axis (default: numbers).
    first_colour: index of the first line's colour, to match another chart.
    """
    points = [point for line in lines.values() for point in line]
    values = [value for point in points for value in (point.y, point.low, point.high) if value is not None]
    steps = ticks(min(values), max(values))
    first, last = min(point.x for point in points), max(point.x for point in points)

    def across(x: float) -> float:
        return (LEFT + WIDTH - RIGHT) / 2 if first == last else LEFT + 12 + (x - first) / (last - first) * (WIDTH - RIGHT - LEFT - 24)

    def down(y: float) -> float:
        return HEIGHT - BOTTOM - (y - steps[0]) / (steps[-1] - steps[0]) * (HEIGHT - TOP - BOTTOM)

    legend = _legend(list(lines))
    room = legend[-1][1] - legend[0][1]
    height = HEIGHT + room
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {height}" width="{WIDTH}" height="{height}" role="img">',
        f"<title>{html.escape(title)}</title><style>{STYLE}</style>",
        f'<rect width="{WIDTH}" height="{height}" rx="8" fill="var(--ground)"/>',
        f'<text class="title" x="16" y="26">{html.escape(title)}</text>',
        f'<g transform="translate(0 {room})">',
    ]
    for step in steps:
        y = down(step)
        parts.append(f'<line class="rule" x1="{LEFT}" x2="{WIDTH - RIGHT}" y1="{y:.1f}" y2="{y:.1f}"/>')
        parts.append(f'<text x="{LEFT - 8}" y="{y + 4.5:.1f}" text-anchor="end">{_number(step, steps[1] - steps[0], percent)}</text>')
    for x, label in (labels or _counted(first, last)).items():
        parts.append(f'<text x="{across(x):.1f}" y="{HEIGHT - BOTTOM + 19}" text-anchor="middle">{html.escape(label)}</text>')
    parts.append(f'<text x="{(LEFT + WIDTH - RIGHT) / 2}" y="{HEIGHT - 7}" text-anchor="middle">{html.escape(axis)}</text>')
    names: list[str] = []
    for number, ((name, line), (at, down_to)) in enumerate(zip(lines.items(), legend, strict=True), first_colour):
        colour, dash = f"var(--c{number % len(DASHES)})", DASHES[number % len(DASHES)]
        stroke = f'stroke="{colour}" stroke-width="2.25" stroke-dasharray="{dash}"'
        names.append(f'<line x1="{at:.0f}" x2="{at + 24:.0f}" y1="{down_to}" y2="{down_to}" {stroke}/>')
        names.append(f'<text x="{at + 30:.0f}" y="{down_to + 4.5}">{html.escape(name)}</text>')
        drawn = " ".join(f"{across(point.x):.1f},{down(point.y):.1f}" for point in line)
        parts.append(f'<polyline class="line" stroke="{colour}" stroke-dasharray="{dash}" points="{drawn}"/>')
        parts += [_mark(across(point.x), down(point.y), colour) for point in line if len(line) <= 40]
        for point in line:
            if point.low is not None and point.high is not None:
                x, low, high = across(point.x), down(point.low), down(point.high)
                parts.append(f'<line class="whisker" stroke="{colour}" x1="{x:.1f}" x2="{x:.1f}" y1="{low:.1f}" y2="{high:.1f}"/>')
    return "\n".join([*parts, "</g>", *names, "</svg>", ""])


def _legend(names: Sequence[str]) -> list[tuple[float, int]]:
    """Positions of the names in the legend, (x, y) in pixels, wrapped into as many rows as needed."""
    places: list[tuple[float, int]] = []
    at, down = 16.0, 44
    for name in names:
        wide = 50 + 7.2 * len(name)
        if places and at + wide > WIDTH:
            at, down = 16.0, down + ROW
        places.append((at, down))
        at += wide
    return places


def ticks(low: float, high: float) -> list[float]:
    """Three to six round numbers that span the values.

    >>> ticks(0.013, 0.68)
    [0.0, 0.2, 0.4, 0.6, 0.8]
    """
    least = max(1e-8 * max(abs(low), abs(high)), 1e-300)  # avoids steps below float precision, and a zero step
    span = max(high - low or abs(high) or 1.0, least)
    rough = 10.0 ** math.floor(math.log10(span / 4))
    step = next(rough * factor for factor in (1, 2, 2.5, 5, 10) if span / (rough * factor) <= 4)
    first, last = math.floor(low / step + 1e-9), math.ceil(high / step - 1e-9)
    return [float(f"{number * step:.10g}") for number in range(first, max(last, first + 1) + 1)]


def _number(value: float, step: float, percent: bool) -> str:
    value, step = (100 * value, 100 * step) if percent else (value, step)
    decimals = max(0, -math.floor(math.log10(step) + 1e-9)) + (not math.isclose(step * 10 % 1, 0, abs_tol=1e-9) and step >= 1)
    text = f"{value:.{decimals}f}" if 1e-4 <= step < 1e6 else f"{value:.2g}"
    return (f"{text} %" if percent else text).replace("-", "−")


def _counted(first: int, last: int) -> dict[int, str]:
    """At most ten evenly spaced whole numbers as axis labels."""
    step = next(size for size in (10**power * factor for power in range(9) for factor in (1, 2, 5)) if (last - first) / size <= 9)
    return {x: str(x) for x in range(first, last + 1) if x == first or (x % step == 0 and x - first >= step / 2)}


def _mark(x: float, y: float, colour: str) -> str:
    return f'<circle cx="{x:.1f}" cy="{y:.1f}" r="3" fill="{colour}"/>'
