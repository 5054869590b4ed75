"""A run is a folder a person can read, written whole or not at all, by one process at a time.

recipe.toml            every setting, resolved        status.json          state, place, heartbeat
environment.json       machine, versions, git         metrics.jsonl        one line an epoch
result.json            metrics by head, with intervals  units.parquet       one line a unit of evidence and head
weights.safetensors    the learned tensors            embeddings.safetensors  the queries' vectors
checkpoint.safetensors where to go on; gone when finished                   report.html
diagnosis.json         where values stopped being finite, if training broke down
note.md                why it was made, in a person's words
"""

from __future__ import annotations

import contextlib
import fcntl
import json
import os
import platform
import time
from collections.abc import Generator, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any

from scratchlab.checks import Diverged, Problem
from scratchlab.recipe import Recipe, Values, read
from scratchlab.result import Result, parse
from scratchlab.store import files
from scratchlab.store.environment import environment

if TYPE_CHECKING:
    import polars as pl  # half a second that whoever asks for states and headlines alone need not wait

HEARTBEAT_SECONDS = 5.0
LOOKS = 5  # times that a lock is tried


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="seconds")


class Occupied(Problem):
    """A folder that this process may not write: another one does, or something else stands there."""


class Run:
    """One run's folder. Reading needs no lock; `writing()` takes it for as long as the process lives."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._lock: IO[str] | None = None
        self._beat = 0.0

    # -- coming to be ---------------------------------------------------------------------------------

    @classmethod
    def of(cls, runs: Path, recipe: Recipe) -> Run:
        """The first run of this recipe and seed, there or not."""
        return cls(runs / f"{recipe.name[:80]}-{recipe.key}")

    @classmethod
    def create(
        cls, runs: Path, recipe: Recipe, title: str = "", *, again: bool = False, note: str = "", changed: Mapping[str, Any] | None = None
    ) -> Run:
        """A new folder `runs/name-key`. Raises Occupied where one stands already; `again` then takes `name-key-2`, `-3`, …

        note: why it is made. changed: the settings that are not those of the recipe it is called after, by their paths; what is no part of
        them, such as a note, is no part of the key.
        """
        name, number = cls.of(runs, recipe).folder.name, 1
        beside = runs / f".{name}.{os.getpid()}.part"
        with files.told(runs):
            beside.mkdir(parents=True)
        try:
            run = cls(beside)
            files.write_text(beside / "recipe.toml", recipe.toml())
            files.write_json(beside / "environment.json", environment())
            run._write_status(
                {"state": "created", "recipe": recipe.name, "title": title, "key": recipe.key, "seed": recipe.seed, "created": _now()}
                | ({} if changed is None else {"changed": dict(changed)})
            )
            run.annotate(note)
            while True:
                run.folder = runs / (name if number == 1 else f"{name}-{number}")
                try:
                    beside.rename(run.folder)  # of two processes, one alone succeeds
                    return run
                except OSError:
                    if not again:
                        raise run._occupied() from None
                    number += 1
        finally:
            if beside.exists():
                cls(beside)._remove()

    @property
    def there(self) -> bool:
        """Whether the folder is a run's, whatever its state."""
        return (self.folder / "status.json").is_file()

    def _remove(self) -> None:
        """Takes back a folder in which nothing was achieved."""
        for file in self.folder.iterdir():
            file.unlink()
        self.folder.rmdir()

    @classmethod
    def find(cls, runs: Path, name: str) -> Run:
        """The run of this folder or name, or the one whose name begins or ends with it; "last" is the newest."""
        if cls(Path(name)).there:
            return cls(Path(name))
        there = sorted(path.parent.name for path in runs.glob("[!.]*/status.json"))
        if name == "last" and there:
            return max((cls(runs / one) for one in there), key=lambda run: (run.status["created"], run.folder.stat().st_mtime))
        fitting = [one for one in there if one == name] or [one for one in there if one.startswith(name) or one.endswith(name)]
        if len(fitting) == 1:
            return cls(runs / fitting[0])
        if fitting:
            raise Problem(f"'{name}' fits {len(fitting)} runs: {', '.join(fitting)}. Give more of the name.")
        raise Problem(f"There is no run '{name}' in {runs}/; `scratchlab runs` lists the {len(there)} that are there.")

    def _occupied(self) -> Occupied:
        if not self.there:
            return Occupied(f"{self.folder} exists and is not a run; move it away, or choose another place with --runs.")
        state, name = self.state(), self.folder.name
        if state == "running":
            status = self.status
            return Occupied(
                f"{self.folder} is being written by process {status.get('pid')} on {status.get('host')}: the same recipe is running there."
            )
        if state == "created":
            return Occupied(f"{self.folder} is about to be written by another process; if that is gone, `scratchlab resume {name}` begins.")
        if state == "finished":
            return Occupied(
                f"{self.folder} holds the finished run of this very recipe and seed: `scratchlab show {name}` shows it, "
                "-s seed=1 makes another, --again repeats it beside this one."
            )
        return Occupied(
            f"{self.folder} holds a run of this recipe that is {state}: `scratchlab resume {name}` goes on, --again begins anew beside it."
        )

    # -- state ----------------------------------------------------------------------------------------

    @property
    def status(self) -> Values:
        """What status.json says: state, where, heartbeat, process, host. A file that says nothing of use means state "damaged"."""
        try:
            told = json.loads((self.folder / "status.json").read_text(encoding="utf-8"))
            return {**told, "state": told["state"], "created": told["created"], "recipe": told["recipe"], "key": told["key"]}
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

    def tell(self, where: str, *, state: str = "running", now: bool = False, diverged: bool = False) -> None:
        """Records state and place; a mere heartbeat is written every few seconds at most, unless it must be `now`.

        diverged: whether what failed is the training itself, which is a result, and not its surroundings.
        """
        if state == "running" and not now and time.monotonic() - self._beat < HEARTBEAT_SECONDS:
            return
        self._beat = time.monotonic()
        known = {key: value for key, value in self.status.items() if key != "diverged"} | ({"diverged": True} if diverged else {})
        self._write_status({**known, "state": state, "where": where, "heartbeat": _now(), "pid": os.getpid(), "host": platform.node()})

    def expect(self, epochs: int) -> None:
        """Records how many epochs the training has, all phases together: a method may have phases of which the recipe says nothing."""
        self._write_status({**self.status, "epochs": epochs})

    def state(self) -> str:
        """created, running, finished, failed, or killed: said to be running, yet nobody holds the folder.

        On another machine of a shared file system the lock may not show; the heartbeat's age then decides.
        """
        status = self.status
        if status["state"] != "running" or self._lock is not None:
            return status["state"]
        if status.get("host") != platform.node():
            quiet = (datetime.now(UTC) - datetime.fromisoformat(status["heartbeat"])).total_seconds()
            return "running" if quiet < 20 * HEARTBEAT_SECONDS else "killed"
        with (self.folder / ".lock").open("a") as lock:
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except OSError:
                return "running"
        return "killed"

    @contextlib.contextmanager
    def writing(self) -> Generator[Run]:
        """Holds the folder for this process; the system lets go of it even after kill -9.

        A failure is recorded in the status; only a folder just made, in which wrong input let nothing be achieved, is taken back.
        """
        with (self.folder / ".lock").open("a") as self._lock:
            if not _locked(self._lock):
                self._lock = None
                raise self._occupied() from None
            fresh = self.status["state"] == "created"
            try:
                self._beat = 0.0
                self.tell("starting")
                (self.folder / "diagnosis.json").unlink(missing_ok=True)  # of a failure that is being tried again
                yield self
            except BaseException as error:
                if isinstance(error, Problem) and not isinstance(error, Diverged) and fresh and not self.records():
                    self._remove()
                    raise
                with contextlib.suppress(Problem, OSError):  # on a full disk the reason cannot be kept; the exception still tells it
                    if isinstance(error, Diverged) and error.facts:
                        self.save_json("diagnosis", error.facts)
                    said = "stopped by the user" if isinstance(error, KeyboardInterrupt) else str(error) or type(error).__name__
                    state = "stopped" if isinstance(error, KeyboardInterrupt) else "failed"
                    self.tell(said, state=state, diverged=isinstance(error, Diverged))
                raise
            finally:
                self._lock = None

    # -- contents -------------------------------------------------------------------------------------

    def recipe(self) -> Values:
        """The tables of recipe.toml."""
        return read(self.folder / "recipe.toml")

    @property
    def note(self) -> str:
        """Why it was made, in a person's words: `note.md`, or nothing."""
        path = self.folder / "note.md"
        return path.read_text(encoding="utf-8", errors="replace").strip() if path.exists() else ""

    def annotate(self, line: str) -> None:
        """Appends a line to the note; does nothing for an empty one."""
        if line.strip():
            self.save_text("note.md", "\n".join([*self.note.splitlines(), line.strip()]) + "\n")

    def append(self, record: Values) -> None:
        """One more line of metrics.jsonl; a line that does not fit on the disk leaves no trace."""
        path = self.folder / "metrics.jsonl"
        with files.told(path), path.open("ab") as file:
            before = file.tell()
            try:
                file.write(json.dumps(record, allow_nan=False).encode() + b"\n")
                file.flush()
            except OSError:
                os.truncate(path, before)
                raise

    def records(self) -> list[Values]:
        """The lines of metrics.jsonl; a last line cut by a kill does not count."""
        path = self.folder / "metrics.jsonl"
        if not path.exists():
            return []
        whole = path.read_bytes().rpartition(b"\n")[0].splitlines()
        try:
            return [json.loads(line) for line in whole]
        except ValueError:
            raise Problem(f"{path} is damaged: not every line is JSON; mend it, or delete it to go on without its records.") from None

    def rewind(self, epoch: int) -> None:
        """Forgets the records of `epoch` and later ones: what a resumed run is about to write again."""
        kept = [record for record in self.records() if record["epoch"] < epoch]
        files.write_text(self.folder / "metrics.jsonl", "".join(json.dumps(record) + "\n" for record in kept))

    def save_arrays(self, name: str, arrays: files.Arrays, about: Values | None = None) -> None:
        """`name`.safetensors: arrays, and facts about them that fit JSON."""
        files.write_arrays(self.folder / f"{name}.safetensors", arrays, {"about": json.dumps(about or {})})

    def load_arrays(self, name: str) -> tuple[dict[str, Any], Values] | None:
        """The arrays and facts of `name`.safetensors, or None where there is no such file."""
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
        """Removes `name`.safetensors, if it is there."""
        (self.folder / f"{name}.safetensors").unlink(missing_ok=True)

    def save_table(self, name: str, table: pl.DataFrame) -> None:
        """`name`.parquet."""
        files.write(self.folder / f"{name}.parquet", lambda beside: table.write_parquet(beside))

    def drop_table(self, name: str) -> None:
        """Removes `name`.parquet, if it is there."""
        (self.folder / f"{name}.parquet").unlink(missing_ok=True)

    def table(self, name: str) -> pl.DataFrame:
        """The rows of `name`.parquet."""
        return self.scan(name).collect()

    def scan(self, name: str) -> pl.LazyFrame:
        """`name`.parquet, of which only what is used will be read."""
        import polars as pl

        return pl.scan_parquet(self.folder / f"{name}.parquet", glob=False)

    def save_json(self, name: str, value: object) -> None:
        """`name`.json."""
        files.write_json(self.folder / f"{name}.json", value)

    def json(self, name: str) -> Any:
        """What `name`.json holds, or None where there is no such file."""
        path = self.folder / f"{name}.json"
        return json.loads(path.read_text(encoding="utf-8")) if path.exists() else None

    def save_result(self, result: Result) -> None:
        """result.json and units.parquet; the former comes last, so that a result that is there is whole."""
        self.save_table("units", result.units.collect())
        self.save_json("result", result.values())

    def result(self) -> Result | None:
        """What came of it, or None as long as there is nothing. Raises Problem where the files are damaged or of an older form."""
        path = self.folder / "result.json"
        if not path.exists():
            if (self.folder / "summary.json").exists():
                raise Problem(
                    f"{self.folder} holds a result in the form of scratchlab before 0.2, which is no longer read; its recipe is: "
                    f"`scratchlab run {self.folder / 'recipe.toml'} --again` makes the result anew."
                )
            return None
        return parse(path.read_text(encoding="utf-8"), str(path), lambda: self.scan("units"))

    def save_text(self, name: str, text: str) -> None:
        """A text file of the run, such as report.html."""
        files.write_text(self.folder / name, text)


def _locked(file: IO[str]) -> bool:
    """Whether this process got hold of it; whoever but looks whether it is held has it for a moment, so it is tried more than once."""
    for _ in range(LOOKS):
        with contextlib.suppress(OSError):
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            return True
        time.sleep(0.02)
    return False
