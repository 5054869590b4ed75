"""Compares what the reader finds in a log with a key of its figures, written as in the keys of the study of log fields."""

from __future__ import annotations

from pathlib import Path

import pytest

from scratchlab.notebook.logs.reader import read

with pytest.MonkeyPatch.context() as patch:
    patch.syspath_prepend(str(Path(__file__).parents[2] / "studies"))
    import log_fields

Formats = dict[str, tuple[str, dict[int, list[str]]]]
"""By program: a log, and for each of its lines the figures in it."""


def mistakes(text: str, key: dict[int, list[str]]) -> tuple[list[object], list[object]]:
    """What was found although the key does not have it, and what was missed."""
    lines = text.split("\n")
    wanted = {line: [log_fields.entry(said) for said in key.get(line, [])] for line in range(1, len(lines) + 1)}
    score = log_fields.compared(read(lines).figures(), wanted)
    return score.false, score.missed
