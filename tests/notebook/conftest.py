"""What every test of the notebook may count on."""

from __future__ import annotations

import pytest

from scratchlab.cli.program import console


@pytest.fixture(autouse=True)
def _wide(monkeypatch: pytest.MonkeyPatch) -> None:
    """Lines of 200 columns, wherever the tests run: paths of temporary folders are long."""
    monkeypatch.setattr(console, "_width", 200)
