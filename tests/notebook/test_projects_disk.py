"""Disk usage and checkpoints."""

from __future__ import annotations

import os
import subprocess
import time
from pathlib import Path

import pytest
from typer.testing import CliRunner

from scratchlab.checks import Problem
from scratchlab.cli import app
from scratchlab.notebook.projects import folder_cache
from scratchlab.notebook.projects.disk import Disk, disk, same
from scratchlab.notebook.projects.folder_cache import FolderCache


def file_of_size(path: Path, size: int, fill: bytes = b"x", age: float = 0) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(fill * size)
    if age:
        os.utime(path, (time.time() - age,) * 2)
    return path


@pytest.fixture
def project(tmp_path: Path) -> Path:
    folder = tmp_path / "kws"
    file_of_size(folder / "runs" / "a" / "config.yaml", 10)
    file_of_size(folder / "runs" / "a" / "ckpt" / "best.pt", 3_000_000, age=1e6)
    file_of_size(folder / "runs" / "a" / "ckpt" / "last.pt", 3_000_000)
    file_of_size(folder / "runs" / "a" / "metrics.csv", 5000)
    file_of_size(folder / "data" / "x.wav", 100_000)
    file_of_size(folder / "data" / "shard.tar", 50_000)
    file_of_size(folder / ".venv" / "lib" / "weights.pt", 2_000_000)
    file_of_size(folder / "model.tar", 20_000)
    file_of_size(folder / "train.py", 100)
    return folder


def looked(folder: Path, own: Path | None = None, *, fresh: bool = False) -> Disk:
    return disk(folder, FolderCache(own or folder.parent / "own", fresh=fresh))


def sums(found: Disk) -> dict[str, int]:
    return {kind: sum(part.files for part in found.parts if part.kind == kind) for kind in {part.kind for part in found.parts}}


def test_every_file_has_one_kind(project: Path) -> None:
    found = looked(project)
    assert sums(found) == {"runs": 2, "checkpoints": 3, "data": 2, "environments": 1, "text": 1}
    assert {(part.folder.name, part.kind) for part in found.parts} >= {("runs", "runs"), ("data", "data"), (".venv", "environments")}
    assert found.files == 9
    assert found.parts[0].bytes == max(part.bytes for part in found.parts)


def test_source_folders_are_no_runs_whatever_their_name(project: Path) -> None:
    file_of_size(project / "src" / "logs" / "reader.py", 10)
    file_of_size(project / "src" / "logs" / "page.j2", 10)
    file_of_size(project / "runs" / "a" / "code" / "train.py", 10)  # a copy that a run keeps
    found = looked(project)
    assert sums(found)["runs"] == 3
    assert {part.kind for part in found.parts if part.folder == project / "src"} == {"text", "other"}
    assert not [part for part in found.parts if part.folder.name == "logs"]


def test_sizes_agree_with_du_without_the_folders_themselves(project: Path) -> None:
    file_of_size(project / "sparse.npy", 1)
    os.truncate(project / "sparse.npy", 50_000_000)
    os.link(project / "model.tar", project / "again.tar")
    (project / "link").symlink_to("/usr")
    counted = subprocess.run(["du", "-k", "-s", str(project)], capture_output=True, text=True, check=True).stdout.split()[0]
    folders = sum(Path(where).stat().st_blocks * 512 for where, _, _ in os.walk(project))
    assert looked(project).bytes + folders == int(counted) * 1024


def test_checkpoints_have_their_configuration_file(project: Path) -> None:
    found = looked(project)
    assert [(one.path.name, one.size) for one in found.checkpoints] == [
        ("best.pt", 3_000_000),
        ("last.pt", 3_000_000),
        ("model.tar", 20_000),
    ]
    assert found.checkpoints[0].beside == project / "runs" / "a" / "config.yaml"
    assert found.checkpoints[2].beside is None
    assert same(found.checkpoints) == {project / "runs" / "a" / "ckpt" / "last.pt": project / "runs" / "a" / "ckpt" / "best.pt"}


def test_configuration_files_above_the_scanned_folder_are_ignored(project: Path) -> None:
    file_of_size(project.parent / "config.yaml", 5)
    assert looked(project).checkpoints[2].beside is None


def test_equal_size_is_not_enough_for_copies(project: Path) -> None:
    last = project / "runs" / "a" / "ckpt" / "last.pt"
    last.write_bytes(b"x" * 2_999_999 + b"y")
    assert same(looked(project).checkpoints) == {}
    last.unlink()
    assert same(looked(project).checkpoints) == {}


def crowd(project: Path, age: float) -> Path:
    for i in range(folder_cache.CROWDED + 1):
        file_of_size(project / "data" / "many" / f"{i}.npy", 10, age=age)
    os.utime(project / "data" / "many", (time.time() - age,) * 2)
    return project / "data" / "many"


def test_large_unchanged_folders_are_cached(project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    many = crowd(project, 10 * folder_cache.REST)
    seen: list[str] = []
    monkeypatch.setattr(folder_cache.os, "scandir", lambda folder, scan=os.scandir: (seen.append(str(folder)), scan(folder))[1])
    first = looked(project)
    assert str(many) in seen
    seen.clear()
    again = looked(project)
    assert str(many) not in seen
    assert (again.bytes, again.files, sums(again)) == (first.bytes, first.files, sums(first))
    file_of_size(many / "new.npy", 9000)  # a file that comes changes the folder's time
    assert looked(project).files == first.files + 1
    seen.clear()
    assert looked(project, fresh=True).files == first.files + 1
    assert str(many) in seen


def test_large_changing_folders_are_not_cached(project: Path) -> None:
    many = crowd(project, 60)
    before = looked(project).bytes
    file_of_size(many / "3.npy", 40_000)  # in place: the folder's time stays
    assert looked(project).bytes > before


def test_unreadable_folders_are_reported(project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    closed = str(project / "data")

    def scan(folder: str, scandir=os.scandir):
        if str(folder) == closed:
            raise PermissionError(13, "Permission denied")
        return scandir(folder)

    monkeypatch.setattr(folder_cache.os, "scandir", scan)
    found = looked(project)
    assert found.refused == [f"{closed} (permission denied)"]
    assert found.files == 7


def test_a_missing_folder_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(Problem, match=r"nowhere is not a folder; name a folder to scan\.$"):
        looked(tmp_path / "nowhere", tmp_path / "own")


def test_the_command_shows_it(project: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SCRATCHLAB_NOTEBOOK", str(tmp_path / "own"))
    done = CliRunner().invoke(app, ["disk", str(project), "--most", "2"], env={"COLUMNS": "200"}, catch_exceptions=False)
    assert "Checkpoints: 3, 6.0 MB (the largest 2 of 3; --most shows more)" in done.output
    (best,) = [line for line in done.output.splitlines() if "best.pt" in line and "3.0 MB" in line and "oldest" in line]
    assert "runs/a/config.yaml" in best
    assert "same first and last MB as runs/a/ckpt/best.pt" in done.output


def test_an_empty_folder_has_nothing(tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    found = looked(tmp_path / "empty")
    assert (found.bytes, found.parts, found.checkpoints) == (0, [], [])
