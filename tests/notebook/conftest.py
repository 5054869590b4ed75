"""Fixtures of all notebook tests."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.notebook.simulated_endpoint import Server, serving

from scratchlab.cli.program import console
from scratchlab.notebook.recall.answer import endpoint


@pytest.fixture(autouse=True)
def _wide(monkeypatch: pytest.MonkeyPatch) -> None:
    """Sets 200 columns, as the paths of temporary folders are long."""
    monkeypatch.setattr(console, "_width", 200)


@pytest.fixture
def server() -> Iterator[Server]:
    """A simulated endpoint of a language model."""
    with serving() as made:
        yield made


@pytest.fixture
def far(monkeypatch: pytest.MonkeyPatch) -> None:
    """Makes the endpoint count as another machine."""
    monkeypatch.setattr(endpoint, "_is_local", lambda host: False)


@pytest.fixture
def diary(server: Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A notebook that names the simulated endpoint as its model."""
    (tmp_path / "v").mkdir()
    (tmp_path / "v" / "ideas.md").write_text("# Ideas\n- medians\n")
    (tmp_path / "notebook.toml").write_text(f'vault = "v"\n[model]\nurl = "{server.url}"\nname = "m"\n')
    monkeypatch.setenv("SCRATCHLAB_NOTEBOOK", str(tmp_path))
    return tmp_path
