"""Places as the terminal shows them."""

from __future__ import annotations

from pathlib import Path

import pytest

from scratchlab.notebook.events import Place
from scratchlab.notebook.link import place


def test_places_are_relative_to_the_working_folder_or_home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    assert place(Place(tmp_path / "a.md", 3)).plain == "a.md:3"
    assert place(Place(Path.home() / "a.md")).plain == "~/a.md"


def test_a_deleted_working_folder_is_handled(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    gone = tmp_path / "gone"
    gone.mkdir()
    monkeypatch.chdir(gone)
    gone.rmdir()
    assert place(Place(tmp_path / "a.md", 3)).plain.endswith("a.md:3")
