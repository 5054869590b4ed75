"""The daily summary as a whole: from notes, runs, logs and jobs to sections and steps, the screen and the commands."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterable
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from rich.console import Console
from typer.testing import CliRunner

from scratchlab.checks import Problem
from scratchlab.cli import app
from scratchlab.notebook.daily import terminal
from scratchlab.notebook.daily.sections import recent_events, sections
from scratchlab.notebook.daily.steps import steps
from scratchlab.notebook.daily.visit_state import VisitState
from scratchlab.notebook.events import Event, Kind, Place, Span
from scratchlab.notebook.index.refresh import refresh
from scratchlab.notebook.index.table import opened
from scratchlab.notebook.walk import Refused

NOW = datetime(2026, 3, 4, 8)
SINCE = datetime(2026, 3, 3, 18)


class ByHand:
    """A source of events made by hand."""

    def __init__(self, events: Iterable[Event]) -> None:
        self.events = list(events)

    def stamps(self, refused: Refused) -> list[tuple[str, str]]:
        return [(path, "1") for path in dict.fromkeys(str(event.place.path) for event in self.events)]

    def read(self, key: str) -> tuple[str, Callable[[], list[Event]]]:
        return key, lambda: [event for event in self.events if str(event.place.path) == key]


def made(kind: Kind, text: str, state: str = "", hours: float = 0, path: str = "/v/diary.md", line: int = 1, project: str = "") -> Event:
    """hours: before now, in which it ended."""
    end = NOW - timedelta(hours=hours)
    begun = end - timedelta(hours=3) if kind in ("run", "job", "log") else end
    return Event(kind, text, Place(Path(path), line, line), Span(begun, end), project, state=state)


def run(name: str, state: str, said: str, hours: float, project: str = "kws") -> Event:
    return made("run", f"{name}: Title\n{said}\nrecipe x", state, hours, f"/r/{name}/status.json", 8, project)


def database_of(tmp_path: Path, *events: Event) -> sqlite3.Connection:
    database = opened(tmp_path / "index.sqlite")
    refresh(database, {"by hand": ByHand(events)})
    return database


def texts_by_section(database: sqlite3.Connection, project: str = "") -> dict[str, list[str]]:
    return {
        section.title: [item.text for item in section.items]
        for section in sections(database, recent_events(database, SINCE, NOW, project), 9)
    }


def test_what_happened_since_the_last_visit(tmp_path: Path) -> None:
    database = database_of(
        tmp_path,
        run("digits-0123abcd", "finished", "cosine 98.0%", 2),
        run("digits-4567cdef", "finished", "cosine 97.0%", 30),
        run("digits-89abcdef", "failed", "CUDA out of memory", 5),
        run("teen-00000001", "diverged", "the loss is not finite", 6),
        run("teen-00000002", "running", "epoch 3 of 9, trains until about 2026-03-04 09:00", 0),
        made("job", "python train.py\nTraceback\n  File \"train.py\", line 7, in x\nValueError: no", "killed", 3, "/logs/a.out"),
        made("note", "- digits-0123abcd and digits-4567cdef are written down, teen-00000001 too", line=4),
    )  # fmt: skip
    assert texts_by_section(database) == {
        "Finished": ["digits-0123abcd: cosine 98.0%"],
        "Crashed": ["python train.py: killed, ValueError: no", "digits-89abcdef: failed, CUDA out of memory"],
        "Diverged": ["teen-00000001: the loss is not finite"],
        "Running": ["teen-00000002: epoch 3 of 9, trains until about 2026-03-04 09:00"],
    }
    [crashed] = [section for section in sections(database, recent_events(database, SINCE, NOW), 9) if section.title == "Crashed"]
    assert [(item.when, str(item.place)) for item in crashed.items] == [
        ("05:00", "train.py:7"),
        ("03:00", "/r/digits-89abcdef/status.json:8"),
    ]


def test_a_job_and_its_log_appear_once_with_the_traceback(tmp_path: Path) -> None:
    raised = 'epoch 3\nTraceback (most recent call last):\n  File "train.py", line 7, in x\nValueError: no clips'
    database = opened(tmp_path / "index.sqlite")
    job = made("job", "python train.py --name: a", "failed", 1, "/logs/a.out", 0)
    refresh(database, {"logs": ByHand([made("log", raised, "failed", 1, "/logs/a.out", 90)]), "jobs": ByHand([job])})
    [crashed] = sections(database, recent_events(database, SINCE, NOW), 9)
    assert [(item.text, str(item.place)) for item in crashed.items] == [("epoch 3: failed, ValueError: no clips", "train.py:7")]


def test_results_without_a_note_are_grouped_by_recipe(tmp_path: Path) -> None:
    database = database_of(
        tmp_path,
        *(run(f"digits-0000000{i}", "finished", "cosine 98.0%", 10 + i) for i in range(3)),
        run("teen-00000009", "finished", "cosine 97.0%", 40),
        run("old-00000009", "finished", "cosine 97.0%", 24 * 31),
        run("fact-00000009", "finished", "cosine 97.0%", 41),
        Event("note", "to see", Place(Path("/r/fact-00000009/note.md"), 1, 1), heading=("fact-00000009",)),  # as `--note` leaves it
        made("note", "- see [[digits-00000001]]"),
        Event("file", "epochs = 2", Place(Path("/r/teen-00000009/recipe.toml"), 1, 1), heading=("r/teen-00000009/recipe.toml",)),
    )
    assert texts_by_section(database)["Results without a note"] == ["2 runs of digits, latest digits-00000000", "teen-00000009"]


def test_open_questions_and_tasks(tmp_path: Path) -> None:
    database = database_of(
        tmp_path,
        made("question", "- why?", "open", 30, line=1),
        made("question", "- answered?", "done", 30, line=2),
        made("question", "- when?", "open", 2, line=3),
        *(made("task", f"- [ ] task {i}", "open", 24 * i, line=10 + i) for i in (5, 4, 3, 2)),
        made("task", "- [ ] beside task 2", "open", 48, line=20),
        made("task", "- [x] task 1", "done", 24, line=21),
        Event("task", "- [ ] of no day", Place(Path("/v/todo.md"), 1, 1), state="open"),
        made("task", "- [ ] of tomorrow", "open", -24, line=30),
        run("digits-00000001", "finished", "cosine 98.0%", 9),
        Event("question", "does it help?", Place(Path("/r/digits-00000001/note.md"), 1, 1), state="open"),  # the purpose of the run
    )
    assert "does it help?" not in [one.text for one in recent_events(database, SINCE, NOW - timedelta(days=1)).events]
    found = texts_by_section(database)
    assert found["Unanswered questions"] == ["when?", "why?"]
    of_note = {"Unanswered questions": found["Unanswered questions"], "Unfinished tasks": found["Unfinished tasks"][:-1]}
    assert texts_by_section(database, "diary") == of_note
    assert found["Unfinished tasks"] == ["task 2", "beside task 2", "task 5", "task 3", "task 4", "of no day"]


def test_incomplete_sweeps_and_projects(tmp_path: Path) -> None:
    database = database_of(
        tmp_path,
        *(
            made("run", f"noise-89abcdef lacks seed = {i} (missing)\nrun", "hole", 3, "/r/runs.csv", 2 + i, "noise-89abcdef")
            for i in range(3)
        ),
        run("digits-0123abcd", "failed", "CUDA out of memory", 5, "kws"),
        made("task", "- [ ] one", "open", project="kws"),
        made("task", "- [ ] other", "open", project="reading"),
    )
    assert texts_by_section(database)["Incomplete sweeps"] == ["noise-89abcdef lacks 3 runs, first seed = 0 (missing)"]
    assert texts_by_section(database, "KWS") == {"Crashed": ["digits-0123abcd: failed, CUDA out of memory"], "Unfinished tasks": ["one"]}
    assert list(texts_by_section(database, "digits")) == ["Crashed"]
    assert texts_by_section(database, "nothing") == {}


def test_steps_of_runs_and_notes_with_begun_ones_on_top(tmp_path: Path) -> None:
    events = [
        run("digits-89abcdef", "failed", "CUDA out of memory", 5),
        run("digits-0123abcd", "finished", "cosine 98.0%", 6),
        made("run", "noise-89abcdef lacks seed = 0 (missing)\nrun", "hole", 3, "/r/runs.csv", 2, "noise-89abcdef"),
        *(made("task", f"- [ ] task {i}", "open", 24, line=i) for i in range(1, 7)),
    ]
    database = database_of(tmp_path, *events)
    kept = VisitState()

    def now() -> list[tuple[str, str]]:
        found = steps(database, recent_events(database, SINCE, NOW), kept)
        kept.shown = [step.key for step in found]
        return [(step.text, step.reason) for step in found]

    first = now()
    assert first[:2] == [
        ("Look into digits-89abcdef", "failed: CUDA out of memory"),
        ("Write a note about digits-0123abcd: cosine 98.0%", "a result without a note"),
    ]
    assert [text for text, _ in first[2:]] == ["task 1", "task 2", "task 3"]
    kept.refuse([1, 3], NOW)
    kept.accept([5], NOW)
    second = now()
    assert second[0] == ("task 3", "begun 2026-03-04")
    assert [text for text, _ in second[1:]] == [first[1][0], "Complete noise-89abcdef", "task 2", "task 4"]
    database.execute("UPDATE events SET state = 'done', text = '- [x] task 3' WHERE text = '- [ ] task 3'")  # ticked
    assert "task 3" not in [text for text, _ in now()]
    assert kept.begun == {}


def test_steps_of_runs_fill_up_when_notes_suggest_few(tmp_path: Path) -> None:
    database = database_of(
        tmp_path,
        run("digits-89abcdef", "failed", "CUDA out of memory", 5),
        run("digits-0123abcd", "finished", "cosine 98.0%", 6),
        made("run", "noise-89abcdef lacks seed = 0 (missing)\nrun", "hole", 3, "/r/runs.csv", 2, "noise-89abcdef"),
    )
    assert len(steps(database, recent_events(database, SINCE, NOW), VisitState())) == 3


def printed(database: sqlite3.Connection, width: int, most: int = 0) -> list[str]:
    now = recent_events(database, SINCE, NOW)
    console = Console(width=width, record=True, highlight=False, markup=False, file=open("/dev/null", "w"))  # noqa: PTH123, SIM115
    console.print(
        terminal.daily_summary(sections(database, now, most or terminal.MOST), steps(database, now, VisitState()), SINCE, NOW, most),
        soft_wrap=True,
    )
    return console.export_text().splitlines()


def test_a_full_summary_fits_on_a_screen_and_truncates_no_place(tmp_path: Path) -> None:
    long = "/a/folder/that/is/deep/and/has/a/long/name/indeed/in/every/part/of/it/diary.md"
    database = database_of(
        tmp_path,
        *(run(f"digits-{i:08x}", "finished", "cosine 98.0% " * 9, 2) for i in range(30)),
        *(run(f"teen-{i:08x}", "failed", "[red]CUDA[/red] out of memory", 2) for i in range(30)),
        *(run(f"savc-{i:08x}", "diverged", "not finite", 2) for i in range(30)),
        *(run(f"fact-{i:08x}", "running", "epoch 1", 0) for i in range(30)),
        *(made("run", f"n{i} lacks seed = 0 (missing)\nrun", "hole", 3, f"/r/{i}.csv", 2, f"n{i}") for i in range(30)),
        *(made("task", f"- [ ] 显存不足的任务 {i} " * 9, "open", 24, long, i + 1) for i in range(30)),
        *(made("question", f"- why {i}?", "open", 24, line=i + 1) for i in range(30)),
    )
    for width in (80, 100, 160):
        lines = printed(database, width)
        assert 24 <= len(lines) <= 48, width
        assert max(map(len, lines)) <= max(width, 10 + len(long) + 3)
        assert any(line.endswith(f"{long}:1") for line in lines), width
    assert len(printed(database, 160)) <= 40
    assert any("[red]CUDA[/red]" in line for line in printed(database, 160))  # text of users is not parsed as markup
    assert sum(" of 30" in line for line in printed(database, 160, most=1)) >= 6


def test_an_empty_summary_is_one_line(tmp_path: Path) -> None:
    assert printed(database_of(tmp_path), 80) == ["Nothing new since yesterday 18:00, and no open items."]


@pytest.fixture
def own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    vault, folder = tmp_path / "vault", tmp_path / "own"
    vault.mkdir()
    folder.mkdir()
    (folder / "notebook.toml").write_text(f'vault = ["{vault}"]\n')
    (vault / "diary.md").write_text("# 2026-03-03\n- [ ] rerun with seeds\n- [ ] plot the residual\n- why does it collapse?\n")
    monkeypatch.setenv("SCRATCHLAB_NOTEBOOK", str(folder))
    return folder


def start(*words: str) -> str:
    found = CliRunner().invoke(app, ["start", *words])
    if found.exception:
        raise found.exception
    return found.output


def test_start_remembers_what_was_begun_and_refused(own: Path) -> None:
    first = start()
    assert "Unfinished tasks" in first
    assert "vault/diary.md:2" in first
    assert "1  rerun with seeds" in first
    assert "begun" in start("--done", "2").split("Next")[1].splitlines()[2]
    assert "rerun with seeds" not in start("--not", "2").split("Next")[1]
    before = (own / "desk.json").read_bytes()
    assert "rerun with seeds" in start("--date", "2026-03-03")
    assert "Nothing new" in start("--date", "2026-03-02")
    assert (own / "desk.json").read_bytes() == before


def test_a_bar_leaves_nothing_where_there_is_no_terminal(own: Path) -> None:
    assert CliRunner().invoke(app, ["index"]).stderr == ""


def test_the_index_command_reports_that_no_encoder_is_chosen(own: Path) -> None:
    with (own / "notebook.toml").open("a") as file:
        file.write("\nencoders = []\n")
    said = " ".join(CliRunner().invoke(app, ["index"]).output.split())
    assert "has encoders = []" in said
    assert "pip install" not in said


def test_a_desk_of_a_day_or_a_project_by_name(own: Path) -> None:
    assert start("--date", "2026-03-03").startswith("Summary at the end of Tuesday, 3 March 2026\n")
    with pytest.raises(Problem, match="2099-01-01 is in the future"):
        start("--date", "2099-01-01")
    assert "rerun with seeds" in start("--project", "Diary")
    with pytest.raises(Problem, match=r"There is no project 'dairy'\. Did you mean 'diary'\? The projects are: diary\."):
        start("--project", "dairy")


def test_start_without_a_notebook_is_a_sentence(own: Path) -> None:
    (own / "notebook.toml").unlink()
    with pytest.raises(Problem, match="names no folder"):
        start()
