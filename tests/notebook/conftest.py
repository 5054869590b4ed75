"""Fixtures of all notebook tests."""

from __future__ import annotations

import pytest

from scratchlab.cli.program import console


@pytest.fixture(autouse=True)
def _wide(monkeypatch: pytest.MonkeyPatch) -> None:
    """Sets 200 columns, as the paths of temporary folders are long."""
    monkeypatch.setattr(console, "_width", 200)
