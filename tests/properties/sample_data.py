"""Samples with empty inputs, for tests of protocols, which use only labels and groups."""

from __future__ import annotations

from typing import Any

import numpy as np

from scratchlab.types import Batch, Samples, Waveform


def samples_of(labels: list[int], **columns: list[Any]) -> Samples:
    n = len(labels)
    return Samples(
        ids=np.array([f"item{i}" for i in range(n)]),
        labels=np.array(labels),
        classes=tuple(f"class{i}" for i in range(max(labels) + 1)),
        groups={name: np.array([f"{name}{value}" for value in values]) for name, values in columns.items()},
        splits=np.full(n, ""),
        form=Waveform(100),
        load=lambda rows: Batch(np.zeros((len(rows), 4), np.float32), np.full(len(rows), 4)),
    )


def crossed(classes: int = 10, speakers: int = 4, each: int = 3) -> Samples:
    """Every speaker says every class `each` times."""
    cells = [(c, g) for c in range(classes) for g in range(speakers) for _ in range(each)]
    return samples_of([c for c, _ in cells], speaker=[g for _, g in cells])


def nested(alphabets: int = 4, each: int = 4, rows: int = 6) -> Samples:
    """Alphabets of `each` characters, each drawn by `rows` people."""
    labels = [c for c in range(alphabets * each) for _ in range(rows)]
    return samples_of(labels, alphabet=[c // each for c in labels], drawer=[f"{c // each}/{i % rows}" for i, c in enumerate(labels)])
