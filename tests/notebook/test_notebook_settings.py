"""Errors in notebook.toml are reported in a sentence that names what would be right."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from scratchlab.checks import Problem
from scratchlab.notebook.settings import settings


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("vault = 3", r"vault: write a folder in quotes, and several in brackets: \[\"~/diary\", \"~/notes\"\], not 3"),
        ("vault = [3]", r"vault: write a folder in quotes"),
        ('vault = ""', r"vault: write a folder in quotes"),
        ("encoders = 3", r"encoders: write an encoder in quotes, and several in brackets: \[\"e5\", \"use\"\], not 3"),
        ("encoders = true", r"encoders: write an encoder in quotes"),
        ('encoders = ""', r"encoders: write an encoder in quotes"),
        ('vault = "a.md"', r"vault names .*a\.md, which is not a folder; name the folder that contains it"),
        ('vault = "nowhere"', r"vault names .*nowhere, which does not exist"),
        ('vault = "~nobody_at_all/x"', r"vault names an unknown home folder"),
        ('vaults = "."', r"there is no setting 'vaults'.*vault.*Known here: vault, projects, papers, runs, activity,? and model|vaults"),
        ("[activity]\nevry = 3", r"there is no setting 'activity\.evry'.*every"),
        ("activity = true", r"activity is a table: write \[activity\] on a line of its own"),
        ("[activity]\nevery = 0", r"activity\.every: "),
        ("vault = ", r"cannot be read"),
    ],
)
def test_errors_are_sentences(tmp_path: Path, text: str, sentence: str) -> None:
    (tmp_path / "a.md").write_text("a")
    (tmp_path / "notebook.toml").write_text(text)
    with pytest.raises(Problem, match=sentence):
        settings(tmp_path / "notebook.toml")


def test_a_pipe_does_not_block(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "notebook.toml")
    with pytest.raises(Problem, match="not a regular file"):
        settings(tmp_path / "notebook.toml")


def test_spellings_of_one_folder_count_once(tmp_path: Path) -> None:
    (tmp_path / "a" / "b").mkdir(parents=True)
    (tmp_path / "link").symlink_to(tmp_path / "a")
    (tmp_path / "notebook.toml").write_text('vault = ["a", "a/b/..", "link", "a/b"]')
    assert settings(tmp_path / "notebook.toml").vault == (tmp_path / "a", tmp_path / "a" / "b")
