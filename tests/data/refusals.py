"""Error messages of sources for data that they cannot read."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from scratchlab.checks import Problem


def error_message(source: Any, root: Path) -> str:
    """The message of the Problem that `source.read()` raises: one sentence that names `root`."""
    with pytest.raises(Problem) as caught:
        source.read()
    sentence = str(caught.value)
    assert "\n" not in sentence
    assert sentence.endswith(".")
    assert str(root) in sentence
    return sentence
