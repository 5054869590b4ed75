"""Recall and precision of the log reader on the metrics in public training logs.

Run: python studies/log_fields.py [FOLDER OF THE LOGS]
The folder holds the logs; the keys (tests/notebook/keys, one per log) list the values that a person reads on some of its lines, and were
written before the reader. A value counts as found if its kind, name and value agree, and its unit if the key has one; every value that the
reader finds on a line of the key and the key lacks is a false positive. Prints precision and recall for each log and for all.
"""

from __future__ import annotations

import re
import sys
import tomllib
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from scratchlab.notebook.logs.follow import text_lines
from scratchlab.notebook.logs.log import Figure
from scratchlab.notebook.logs.reader import read

KEYS = Path(__file__).parents[1] / "tests" / "notebook" / "keys"
MARKS = {"~": "mean", "*": "best"}
Told = tuple[int, str, str, str]  # line, kind, name, value
Entry = tuple[str, str, str, str]  # kind, name, value, unit


@dataclass(frozen=True)
class Score:
    """Values on the keyed lines of one log: true positives, false positives, false negatives."""

    right: int
    false: list[Told]
    missed: list[Told]

    @property
    def precision(self) -> float | None:
        """The precision; undefined if nothing was found."""
        found = self.right + len(self.false)
        return self.right / found if found else None

    @property
    def recall(self) -> float | None:
        """The recall; undefined if the key is empty."""
        there = self.right + len(self.missed)
        return self.right / there if there else None


def seconds(text: str) -> float | None:
    """A duration in clock notation."""
    if not re.fullmatch(r"\d+(:\d\d)+(\.\d+)?", text):
        return None
    total = 0.0
    for part in text.split(":"):
        total = total * 60 + float(part)
    return total


def worth(text: str) -> str:
    """A value in normal form, so that 3 and 3.0, 0:01:00 and 01:00 agree."""
    told = seconds(text)
    if told is not None:
        return repr(told)
    try:
        return repr(float(text.replace(",", "")))
    except ValueError:
        return text


def keyed(path: Path) -> dict[int, list[Entry]]:
    """The key of a log, by line."""
    lines = tomllib.loads(path.read_text(encoding="utf-8"))["lines"]
    return {int(line): [entry(said) for said in entries] for line, entries in lines.items()}


def entry(said: str) -> Entry:
    """A value in the notation of keys: `loss = 0.5`, `~ loss = 0.6`, `:epoch = 3`."""
    name, value = said.rsplit(" = ", 1)
    kind = MARKS.get(name[0], "value")
    name = name[2:] if name[0] in MARKS and name[1] == " " else name
    if name.startswith(":"):
        return name[1:], name[1:], worth(value) if name != ":at" else value, ""
    amount, _, unit = value.partition(" ")
    return kind, name, worth(amount), unit


def _told(figure: Figure) -> Told:
    return figure.line, figure.kind, figure.name, figure.text if figure.kind == "at" else worth(figure.text.rstrip("."))


def score(log: Path, key: Path) -> Score:
    """Compares the values read from a log with its key, on the lines of the key."""
    return compared(read(text_lines(log)).figures(), keyed(key))


def compared(figures: Iterable[Figure], wanted: dict[int, list[Entry]]) -> Score:
    """Compares values with those on some lines; a time stamp counts only on a line with another value."""
    found = [figure for figure in figures if figure.line in wanted]
    telling = {figure.line for figure in found if figure.kind != "at"}
    left = [(figure, _told(figure)) for figure in found if figure.line in telling]
    right, missed = 0, list[Told]()
    for line, entries in wanted.items():
        for kind, name, value, unit in entries:
            same = next((pair for pair in left if pair[1] == (line, kind, name, value) and unit in ("", pair[0].unit)), None)
            if same:
                left.remove(same)
                right += 1
            else:
                missed.append((line, kind, name, value))
    return Score(right, [told for _, told in left], missed)


def main() -> None:
    """Prints one line per log."""
    folder = Path(sys.argv[1]) if len(sys.argv) > 1 else Path("data/training_logs")
    wide = max(len(key.stem) for key in KEYS.glob("*.toml"))
    print(f"{'log':{wide}}  lines  figures  precision  recall")
    right = false = missed = lines = 0
    for key in sorted(KEYS.glob("*.toml")):
        each = score(folder / key.stem, key)
        there = each.right + len(each.missed)
        print(f"{key.stem:{wide}}  {len(keyed(key)):5}  {there:7}  {_share(each.precision):>9}  {_share(each.recall):>6}")
        for what, several in (("not there", each.false), ("missed", each.missed)):
            for line, kind, name, value in several:
                print(f"    {what}: line {line}, {kind} {name} = {value}")
        right, false, missed, lines = right + each.right, false + len(each.false), missed + len(each.missed), lines + len(keyed(key))
    print(f"{'all':{wide}}  {lines:5}  {right + missed:7}  {_share(right / (right + false)):>9}  {_share(right / (right + missed)):>6}")


def _share(value: float | None) -> str:
    return "undefined" if value is None else f"{value:.3f}"


if __name__ == "__main__":
    main()
