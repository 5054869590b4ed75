"""Speed of reading training logs, in lines per CPU second, compared with a plain search for `name: number`.

Run: python benchmarks/log_lines.py [LOG ...]
Without an argument: the longest of training_logs in $SCRATCHLAB_TEST_DATA. The plain search is `findall` of one regular expression on each
line: it knows no epochs, units, means or tables, needs a `:` or `=`, and takes settings and prose for metrics. Reader and search run in
turns on lines in memory. Prints lines per CPU second as medians of 7 (min to max), and the numbers of values found.
"""

from __future__ import annotations

import os
import re
import sys
import time
from collections.abc import Callable
from pathlib import Path
from statistics import median

from scratchlab.notebook.logs.card import card
from scratchlab.notebook.logs.follow import text_lines
from scratchlab.notebook.logs.log import Log
from scratchlab.notebook.logs.reader import read

PLAIN = re.compile(r"([A-Za-z_][\w@./-]*) ?[:=] ?([-+]?\d+(?:\.\d+)?(?:[eE][-+]?\d+)?)")
REPEATS = 7


def plainly(lines: list[str]) -> int:
    """Number of values that a plain search finds."""
    return sum(len(PLAIN.findall(line)) for line in lines)


def seconds(work: Callable[[], object]) -> float:
    """CPU seconds of a call."""
    start = time.process_time()
    work()
    return time.process_time() - start


def format_speed(lines: int, spent: list[float]) -> str:
    """Lines per second: median (min to max)."""
    speeds = [lines / time_spent for time_spent in spent]
    return f"{median(speeds):9,.0f} ({min(speeds):,.0f} to {max(speeds):,.0f})"


def measure(path: Path) -> None:
    """Print the speeds on one log."""
    lines = list(text_lines(path))
    log: Log = read(lines)
    ours, cards, plain = list[float](), list[float](), list[float]()
    for _ in range(REPEATS):
        ours.append(seconds(lambda: read(lines)))
        cards.append(seconds(lambda: card(read(lines))))
        plain.append(seconds(lambda: plainly(lines)))
    print(f"{path.name}: {len(lines):,} lines, {path.stat().st_size / 1e6:.2f} MB")
    print(f"  reader            {format_speed(len(lines), ours)} lines/s, {sum(1 for _ in log.figures()):,} values, {median(ours):.3f} s")
    print(f"  reader and card   {format_speed(len(lines), cards)} lines/s, {median(cards):.3f} s")
    print(f"  plain search      {format_speed(len(lines), plain)} lines/s, {plainly(lines):,} values, {median(plain):.3f} s")


def main() -> None:
    """Measure the given logs, or the longest one."""
    data = Path(os.environ.get("SCRATCHLAB_TEST_DATA", Path(__file__).parents[2] / "shared" / "data")) / "training_logs"
    logs = [Path(name) for name in sys.argv[1:]] or [max(data.iterdir(), key=lambda path: path.stat().st_size)]
    for path in logs:
        measure(path)


if __name__ == "__main__":
    main()
