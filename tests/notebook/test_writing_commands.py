"""The commands: show, ask, write, undo."""

from __future__ import annotations

from datetime import date, timedelta
from pathlib import Path

import pytest
from typer.testing import CliRunner

from scratchlab.checks import Problem
from scratchlab.cli import app
from scratchlab.notebook.writing import address, undo
from scratchlab.notebook.writing.backups import Backups
from scratchlab.notebook.writing.notes import plan_insertion, write_insertion

NOTE = "# Log\n\n## 2025/04/10\n- formants, lr 3e-4\n"


@pytest.fixture
def vault(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A vault with a few notes, in the working folder's `vault`."""
    for name in ("vault/formant_residual.md", "vault/a/day.md", "vault/b/day.md", "vault/.trash/formant_residual.md", "own/notebook.toml"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text('vault = "../vault"' if name.endswith("toml") else NOTE)
    monkeypatch.setenv("SCRATCHLAB_NOTEBOOK", str(tmp_path / "own"))
    monkeypatch.setenv("COLUMNS", "300")
    monkeypatch.chdir(tmp_path)
    return tmp_path / "vault"


def asked(*words: str, answer: str = "") -> tuple[int, str]:
    done = CliRunner().invoke(app, list(words), input=answer)
    if isinstance(done.exception, Problem):
        raise done.exception
    return done.exit_code, done.output


def test_insert_shows_and_asks_and_undo_restores(vault: Path) -> None:
    note = vault / "formant_residual.md"
    asked_for = ("insert", "[[formant_residual#2025/04/10]]", "- [ ] why does it overfit?")
    assert asked(*asked_for, answer="n\n")[0] == 1
    assert note.read_text() == NOTE
    assert asked(*asked_for)[0] == 1  # nobody to answer
    assert note.read_text() == NOTE
    assert asked(*asked_for, answer="y\n")[0] == 0
    assert note.read_text() == NOTE + "- [ ] why does it overfit?\n"
    assert asked("undo")[0] == 0
    assert note.read_text() == NOTE
    assert asked("insert", "formant_residual", "x", "--under", "log", "--yes")[0] == 0
    assert note.read_text() == NOTE.replace("# Log\n", "# Log\nx\n", 1)


def test_text_is_appended_to_a_note_without_headings(vault: Path) -> None:
    (vault / "inbox.md").write_text("- buy a disk\n")
    assert asked("insert", "inbox", "- sell it", "--yes")[0] == 0
    assert (vault / "inbox.md").read_text() == "- buy a disk\n- sell it\n"
    assert "1 line at the end" in asked("undo", "--list")[1]


def test_insert_helps_with_both_words(vault: Path) -> None:
    assert asked("insert", "-h") == asked("insert", "--help")


@pytest.mark.parametrize("text", ["- what is it?", "-", "- yes, hello", "--- a", "-y", "-h"])
def test_texts_may_begin_like_options(vault: Path, text: str) -> None:
    assert asked("insert", "formant_residual", text, "--under", "2025/04/10", "--yes")[0] == 0
    assert text in (vault / "formant_residual.md").read_text().splitlines()


def test_undo_refuses_changed_notes_and_shows_the_changes(vault: Path, tmp_path: Path) -> None:
    note = vault / "formant_residual.md"
    backups = Backups(tmp_path / "own")
    write_insertion(plan_insertion(note, "- one", ("2025/04/10",)), backups)
    write_insertion(plan_insertion(note, "- two", ("2025/04/10",)), backups)
    note.write_text(note.read_text() + "- by hand\n")
    with pytest.raises(undo.Refused, match="has changed since write 2") as told:
        undo.undo_write(backups)
    assert "+- two" in told.value.shown
    assert "+- by hand" in told.value.shown
    assert note.read_text().endswith("- two\n- by hand\n")
    note.write_text(note.read_text().removesuffix("- by hand\n"))
    assert [one.state for one in undo.writes(backups)] == ["stands", "changed since"]
    undo.undo_write(backups)
    undo.undo_write(backups)
    assert note.read_text() == NOTE
    assert [one.state for one in undo.writes(backups)] == ["taken back", "taken back"]
    with pytest.raises(Problem, match="Write 1 is already undone"):
        undo.undo_write(backups, 1)
    with pytest.raises(Problem, match="no write 7"):
        undo.undo_write(backups, 7)


def test_undo_of_a_deleted_note_names_the_backup(vault: Path, tmp_path: Path) -> None:
    note, backups = vault / "formant_residual.md", Backups(tmp_path / "own")
    entry = write_insertion(plan_insertion(note, "- one", ("Log",)), backups)[1]
    note.unlink()
    with pytest.raises(undo.Refused, match="does not exist any more") as told:
        undo.undo_write(backups)
    assert entry.before in str(told.value)
    assert backups.version(entry.before) == NOTE.encode()


def test_backups_are_readable_by_their_owner_only(vault: Path, tmp_path: Path) -> None:
    write_insertion(plan_insertion(vault / "formant_residual.md", "- one", ("Log",)), Backups(tmp_path / "own"))
    folder = tmp_path / "own" / "backups"
    assert folder.stat().st_mode & 0o077 == 0
    assert all(path.stat().st_mode & 0o077 == 0 for path in folder.rglob("*"))


def test_addresses(vault: Path) -> None:
    assert address.locate("[[formant_residual#2025/04/10|that day]]", [vault]) == (vault / "formant_residual.md", ("2025/04/10",))
    assert address.locate("A/Day#Log#2025/04/10", [vault]) == (vault / "a" / "day.md", ("Log", "2025/04/10"))
    assert address.locate("vault/a/day.md#Log", [vault])[0].samefile(vault / "a" / "day.md")
    (vault / "c#1.md").write_text(NOTE)
    assert address.locate("vault/c#1.md", [vault]) == (Path("vault/c#1.md"), ())


@pytest.mark.parametrize(
    ("note", "sentence"),
    [
        ("day", "matches 2 notes.*; give more of the path, or the file"),
        ("formant_residua", "Did you mean 'formant_residual'"),
        ("[[formant_residual#^block]]", "names a block"),
        ("#Log", "There is no note"),
    ],
)
def test_invalid_addresses(vault: Path, note: str, sentence: str) -> None:
    with pytest.raises(Problem, match=sentence):
        address.locate(note, [vault])


def test_ambiguous_names_can_be_resolved_by_a_file(vault: Path, tmp_path: Path) -> None:
    (tmp_path / "other").mkdir()
    (tmp_path / "other" / "formant_residual.md").write_text(NOTE)
    (tmp_path / "own" / "notebook.toml").write_text('vault = ["../vault", "../other"]')
    with pytest.raises(Problem, match="matches 2 notes"):
        asked("insert", "[[formant_residual#Log]]", "x", "--yes")
    assert asked("insert", "[[other/formant_residual.md#Log]]", "x", "--yes")[0] == 0
    assert "x" in (tmp_path / "other" / "formant_residual.md").read_text().splitlines()
    assert (vault / "formant_residual.md").read_text() == NOTE


def test_missing_things_are_errors(vault: Path) -> None:
    with pytest.raises(Problem, match=r"formant_residual.md: name the heading to insert under.*headings are: Log, 2025/04/10"):
        asked("insert", "formant_residual", "x")
    with pytest.raises(Problem, match="'soon' is not a known time"):
        asked("day", "soon")
    with pytest.raises(Problem, match="2099-01-01 is in the future"):
        asked("day", "2099-01-01")
    assert not (vault / "scratchlab").exists()
    with pytest.raises(Problem, match="No project is named"):
        asked("layout")
    with pytest.raises(Problem, match=r"no note at nowhere\.md"):
        address.locate("nowhere.md", [])


def test_a_day_in_words(vault: Path) -> None:
    assert asked("day", "yesterday")[0] == 0
    assert [path.stem for path in (vault / "scratchlab" / "days").iterdir()] == [str(date.today() - timedelta(days=1))]


def test_a_day_without_runs_says_so(vault: Path) -> None:
    assert asked("day", "2026-01-02")[0] == 0
    assert "No run began or ended on this day." in (vault / "scratchlab" / "days" / "2026-01-02.md").read_text()
