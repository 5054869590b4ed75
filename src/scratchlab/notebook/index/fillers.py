"""Stop words in three languages (`fillers.txt`)."""

from __future__ import annotations

import importlib.resources


def _read() -> list[frozenset[str]]:
    text = importlib.resources.files("scratchlab.notebook.index").joinpath("fillers.txt").read_text(encoding="utf-8")
    return [frozenset(part.split()) for part in text.split("\n\n")[1:]]


ENGLISH, CHINESE, KOREAN = _read()
