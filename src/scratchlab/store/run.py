"""A run: a readable folder whose files are written atomically, by one process at a time.

recipe.toml            every setting, resolved        status.json          state, progress, heartbeat
environment.json       machine, versions, git         metrics.jsonl        one line per epoch
result.json            metrics by head, with intervals  units.parquet       one row per unit of evidence and head
weights.safetensors    the trained tensors            embeddings.safetensors  the queries' vectors
checkpoint.safetensors where to resume; deleted when finished               report.html
diagnosis.json         where values stopped being finite, if training broke down
note.md                why it was made, in the user's words
"""

from __future__ import annotations

import contextlib
import fcntl
import json
import os
import platform
import time
from collections.abc import Generator, Iterable, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any

from scratchlab.checks import Diverged, Problem, counted
from scratchlab.recipe import Recipe, Sections, Values, overridden, read, resolve
from scratchlab.result import Result, parse
from scratchlab.store import files
from scratchlab.store.environment import environment

if TYPE_CHECKING:
    import polars as pl  # slow to import, and not needed for states and headlines

HEARTBEAT_SECONDS = 5.0
ATTEMPTS = 5  # attempts to take a lock
LOCKED = ("json", "jsonl", "parquet", "safetensors")  # files that only the process that holds the lock writes


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="seconds")


class Occupied(Problem):
    """A folder that this process may not write, because another process writes it or it holds something else."""


class Run:
    """The folder of a run. Reading needs no lock; `writing()` locks it for this process."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._lock: IO[str] | None = None
        self._beat = 0.0

    # -- creation --------------------------------------------------------------------------------------

    @classmethod
    def of(cls, runs: Path, recipe: Recipe) -> Run:
        """The first run of this recipe and seed, whether it exists or not."""
        return cls(runs / f"{recipe.name[:80]}-{recipe.key}")

    @classmethod
    def create(
        cls, runs: Path, recipe: Recipe, title: str = "", *, again: bool = False, note: str = "", changed: Mapping[str, Any] | None = None
    ) -> Run:
        """Creates the folder `runs/name-key`. Raises Occupied if it exists; with `again`, uses `name-key-2`, `-3`, … instead.

        note: why the run is made. changed: the settings that differ from the recipe of this name, by path. Neither is part of the key.
        """
        name, number = cls.of(runs, recipe).folder.name, 1
        temporary = runs / f".{name}.{os.getpid()}.part"
        with files.reported_errors(runs):
            temporary.mkdir(parents=True)
        try:
            run = cls(temporary)
            files.write_text(temporary / "recipe.toml", recipe.toml())
            files.write_json(temporary / "environment.json", environment(recipe.plugins))
            run._write_status(
                {"state": "created", "recipe": recipe.name, "title": title, "key": recipe.key, "seed": recipe.seed, "created": _now()}
                | ({} if changed is None else {"changed": dict(changed)})
            )
            run.annotate(note)
            while True:
                run.folder = runs / (name if number == 1 else f"{name}-{number}")
                try:
                    temporary.rename(run.folder)  # of two processes, only one succeeds
                    return run
                except OSError:
                    if not again:
                        raise run._occupied() from None
                    number += 1
        finally:
            if temporary.exists():
                cls(temporary)._remove()

    @property
    def exists(self) -> bool:
        """Whether the folder is that of a run, in any state."""
        return (self.folder / "status.json").is_file()

    def _remove(self) -> None:
        """Removes a folder without results."""
        for file in self.folder.iterdir():
            file.unlink()
        self.folder.rmdir()

    @classmethod
    def find(cls, runs: Path, name: str) -> Run:
        """The run of this folder or name, or the only one whose name begins or ends with `name`; "last" is the newest.

        Raises Problem if there is no such run, or several.
        """
        if cls(Path(name)).exists:
            return cls(Path(name))
        names = sorted(path.parent.name for path in runs.glob("[!.]*/status.json"))
        if name == "last" and names:
            return max((cls(runs / each) for each in names), key=lambda run: (run.status["created"], run.folder.stat().st_mtime))
        matches = [each for each in names if each == name] or [each for each in names if each.startswith(name) or each.endswith(name)]
        if len(matches) == 1:
            return cls(runs / matches[0])
        if matches:
            raise Problem(f"'{name}' matches {len(matches)} runs: {', '.join(matches)}. Give a longer part of the name.")
        raise Problem(f"There is no run '{name}' in {runs}/; `scratchlab runs` lists its {counted(len(names), 'run')}.")

    def _occupied(self) -> Occupied:
        if not self.exists:
            return Occupied(f"{self.folder} exists and is not a run; move it away, or choose another folder with --runs.")
        state, name = self.state(), self.folder.name
        if state == "running":
            status = self.status
            return Occupied(
                f"{self.folder} is being written by process {status.get('pid')} on {status.get('host')}: the same recipe is running."
            )
        if state == "created":
            return Occupied(
                f"{self.folder} is about to be written by another process; if that has ended, `scratchlab resume {name}` starts the run."
            )
        if state == "finished":
            return Occupied(
                f"{self.folder} holds the finished run of this recipe and seed: `scratchlab show {name}` shows it, "
                "-s seed=1 makes another run, --again repeats it in a new folder."
            )
        return Occupied(
            f"{self.folder} holds a run of this recipe that is {state}: `scratchlab resume {name}` continues it, "
            "--again starts a new run in another folder."
        )

    # -- state ----------------------------------------------------------------------------------------

    @property
    def status(self) -> Values:
        """The content of status.json: state, where, heartbeat, pid, host. An invalid file gives the state "damaged"."""
        try:
            status = json.loads((self.folder / "status.json").read_text(encoding="utf-8"))
            return {**status, "state": status["state"], "created": status["created"], "recipe": status["recipe"], "key": status["key"]}
        except (ValueError, TypeError, KeyError):
            return {
                "state": "damaged",
                "created": "",
                "recipe": self.folder.name,
                "key": "",
                "title": "",
                "where": "status.json is unreadable",
            }

    def _write_status(self, status: Values) -> None:
        files.write_json(self.folder / "status.json", status)

    def update_status(self, where: str, *, state: str = "running", now: bool = False, diverged: bool = False) -> None:
        """Records state and progress; while the state is "running", at most once every few seconds, unless `now`.

        diverged: whether the training itself diverged, which is a result, rather than failed for external reasons.
        """
        if state == "running" and not now and time.monotonic() - self._beat < HEARTBEAT_SECONDS:
            return
        self._beat = time.monotonic()
        known = {key: value for key, value in self.status.items() if key != "diverged"} | ({"diverged": True} if diverged else {})
        self._write_status({**known, "state": state, "where": where, "heartbeat": _now(), "pid": os.getpid(), "host": platform.node()})

    def set_epochs(self, epochs: int) -> None:
        """Records the total number of epochs over all phases, which may differ from training.epochs if the method has phases of its own."""
        self._write_status({**self.status, "epochs": epochs})

    def state(self) -> str:
        """The state: created, running, finished, stopped, failed, or killed (recorded as running, but no process holds the lock).

        Locks of another machine on a shared file system may be invisible; the age of the heartbeat then decides.
        """
        status = self.status
        if status["state"] != "running" or self._lock is not None:
            return status["state"]
        if status.get("host") != platform.node():
            silence = (datetime.now(UTC) - datetime.fromisoformat(status["heartbeat"])).total_seconds()
            return "running" if silence < 20 * HEARTBEAT_SECONDS else "killed"
        with (self.folder / ".lock").open("a") as lock:
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except OSError:
                return "running"
        return "killed"

    @contextlib.contextmanager
    def writing(self) -> Generator[Run]:
        """Locks the folder for this process; the system releases the lock even after kill -9.

        A failure is recorded in the status; a new folder without any epoch is removed if the input was wrong.
        """
        with (self.folder / ".lock").open("a") as self._lock:
            if not _locked(self._lock):
                self._lock = None
                raise self._occupied() from None
            fresh = self.status["state"] == "created"
            try:
                self._beat = 0.0
                for ending in LOCKED:
                    for unfinished in self.folder.glob(f".*.{ending}.*.part"):  # of a process that was killed while it wrote
                        unfinished.unlink()
                self.update_status("starting")
                (self.folder / "diagnosis.json").unlink(missing_ok=True)  # left by a failure before this attempt
                yield self
            except BaseException as error:
                if isinstance(error, Problem) and not isinstance(error, Diverged) and fresh and not self.records():
                    self._remove()
                    raise
                if self.status["state"] == "finished":  # interrupted after everything was written
                    raise
                with contextlib.suppress(Problem, OSError):  # a full disk; the exception still reports the reason
                    if isinstance(error, Diverged) and error.facts:
                        self.save_json("diagnosis", error.facts)
                    where = "stopped by the user" if isinstance(error, KeyboardInterrupt) else str(error) or type(error).__name__
                    state = "stopped" if isinstance(error, KeyboardInterrupt) else "failed"
                    self.update_status(where, state=state, diverged=isinstance(error, Diverged))
                raise
            finally:
                self._lock = None

    # -- contents -------------------------------------------------------------------------------------

    def recipe(self) -> Values:
        """The tables of recipe.toml."""
        return read(self.folder / "recipe.toml")

    def resolved(self, sections: Sections, settings: Iterable[str] = ()) -> Recipe:
        """The recipe, with these `section.setting=value` changed. Raises Problem where a part came from a package that is not installed."""
        environment: Values = self.json("environment") or {}
        for package, facts in environment.get("plugins", {}).items():
            for path in facts["parts"]:
                section, name = path.split(".", 1)
                if name not in getattr(sections[section], "parts", {}):
                    raise Problem(
                        f"{self.folder} was made with {path} of {package} {facts['version']}, which is not installed here; install it."
                    )
        return resolve(overridden(self.recipe(), settings), sections, self.status["recipe"])

    @property
    def note(self) -> str:
        """The content of `note.md`: why the run was made; an empty string if there is none."""
        path = self.folder / "note.md"
        return path.read_text(encoding="utf-8", errors="replace").strip() if path.exists() else ""

    def annotate(self, line: str) -> None:
        """Appends a line to the note; does nothing for an empty one."""
        if line.strip():
            self.save_text("note.md", "\n".join([*self.note.splitlines(), line.strip()]) + "\n")

    def append(self, record: Values) -> None:
        """Appends a record to metrics.jsonl; nothing is written if the disk is full."""
        path = self.folder / "metrics.jsonl"
        with files.reported_errors(path), path.open("ab") as file:
            before = file.tell()
            try:
                file.write(json.dumps(record, allow_nan=False).encode() + b"\n")
                file.flush()
            except OSError:
                os.truncate(path, before)
                raise

    def records(self) -> list[Values]:
        """The records of metrics.jsonl; an incomplete last line is ignored."""
        path = self.folder / "metrics.jsonl"
        if not path.exists():
            return []
        lines = path.read_bytes().rpartition(b"\n")[0].splitlines()
        try:
            records: list[Any] = [json.loads(line) for line in lines]
        except ValueError:
            raise Problem(f"{path} is damaged: a line is not JSON; repair it, or delete it to continue without its records.") from None
        for number, record in enumerate(records, 1):
            if not isinstance(record, dict) or "epoch" not in record:
                raise Problem(f"{path} is damaged: line {number} has no epoch; repair it, or delete it to continue without its records.")
        return records

    def rewind(self, epoch: int) -> None:
        """Removes the records of `epoch` and later ones, which a resumed run writes again."""
        kept = [record for record in self.records() if record["epoch"] < epoch]
        files.write_text(self.folder / "metrics.jsonl", "".join(json.dumps(record) + "\n" for record in kept))

    def save_arrays(self, name: str, arrays: files.Arrays, about: Values | None = None) -> None:
        """Writes `name`.safetensors: arrays, and facts as JSON."""
        files.write_arrays(self.folder / f"{name}.safetensors", arrays, {"about": json.dumps(about or {})})

    def load_arrays(self, name: str) -> tuple[dict[str, Any], Values] | None:
        """The arrays and facts of `name`.safetensors, or None if there is no such file."""
        path = self.folder / f"{name}.safetensors"
        if not path.exists():
            return None
        arrays, about = files.read_arrays(path)
        return arrays, json.loads(about.get("about", "{}"))

    def save_checkpoint(self, arrays: files.Arrays, facts: Values) -> None:
        """Replaces the last checkpoint."""
        self.save_arrays("checkpoint", arrays, facts)

    def load_checkpoint(self) -> tuple[dict[str, Any], Values] | None:
        """The last checkpoint, or None."""
        return self.load_arrays("checkpoint")

    def drop_arrays(self, name: str) -> None:
        """Removes `name`.safetensors if it exists."""
        (self.folder / f"{name}.safetensors").unlink(missing_ok=True)

    def save_table(self, name: str, table: pl.DataFrame) -> None:
        """Writes `name`.parquet."""
        files.write(self.folder / f"{name}.parquet", lambda temporary: table.write_parquet(temporary))

    def has_table(self, name: str) -> bool:
        """Whether there is `name`.parquet."""
        return (self.folder / f"{name}.parquet").exists()

    def drop_table(self, name: str) -> None:
        """Removes `name`.parquet if it exists."""
        (self.folder / f"{name}.parquet").unlink(missing_ok=True)

    def table(self, name: str) -> pl.DataFrame:
        """The rows of `name`.parquet. Raises Problem if it is missing or damaged."""
        import polars as pl

        try:
            return self.scan(name).collect()
        except (OSError, pl.exceptions.PolarsError) as error:
            path = self.folder / f"{name}.parquet"
            raise Problem(f"{path} is damaged ({str(error).splitlines()[0]}); restore it, or repeat the run with --again.") from None

    def scan(self, name: str) -> pl.LazyFrame:
        """`name`.parquet as a lazy frame. Raises Problem if it is missing or damaged."""
        import polars as pl

        path = self.folder / f"{name}.parquet"
        try:
            frame = pl.scan_parquet(path, glob=False)
            frame.collect_schema()
        except (OSError, pl.exceptions.PolarsError) as error:
            reason = "is missing" if not path.exists() else f"is damaged ({str(error).splitlines()[0]})"
            raise Problem(f"{path} {reason}; restore it, or repeat the run with --again.") from None
        return frame

    def save_json(self, name: str, value: object) -> None:
        """Writes `name`.json."""
        files.write_json(self.folder / f"{name}.json", value)

    def json(self, name: str) -> Any:
        """The content of `name`.json, or None if there is no such file."""
        path = self.folder / f"{name}.json"
        return json.loads(path.read_text(encoding="utf-8")) if path.exists() else None

    def save_result(self, result: Result) -> None:
        """Writes units.parquet, then result.json, so that a result that exists is complete."""
        self.save_table("units", result.units.collect())
        self.save_json("result", result.values())

    def result(self) -> Result | None:
        """The result, or None if there is none yet. Raises Problem if the files are damaged or have an older format."""
        path = self.folder / "result.json"
        if not path.exists():
            if (self.folder / "summary.json").exists():
                raise Problem(
                    f"{self.folder} holds a result in the format of scratchlab before 0.2, which is no longer supported; "
                    f"`scratchlab run {self.folder / 'recipe.toml'} --again` repeats the run."
                )
            return None
        return parse(path.read_text(encoding="utf-8"), str(path), lambda: self.scan("units"))

    def save_text(self, name: str, text: str) -> None:
        """Writes a text file of the run, such as report.html."""
        files.write_text(self.folder / name, text)


def _locked(file: IO[str]) -> bool:
    """Whether this process could lock the file; several attempts, because a process that only checks the lock holds it for a moment."""
    for _ in range(ATTEMPTS):
        with contextlib.suppress(OSError):
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            return True
        time.sleep(0.02)
    return False
