"""What a source says of data that are not what it reads."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from scratchlab.checks import Problem


def told(source: Any, root: Path) -> str:
    """One sentence, which names the place."""
    with pytest.raises(Problem) as caught:
        source.read()
    sentence = str(caught.value)
    assert "\n" not in sentence
    assert sentence.endswith(".")
    assert str(root) in sentence
    return sentence
