"""The settings in `notebook.toml`, and the folders of the notebook's own files.

    vault = ["~/diary"]               # folders of Markdown notes; pages are written into the first
    projects = ["~/kws"]              # folders whose READMEs, recipes, configs, scripts and PDFs are searched
    papers = ["~/scans"]              # folders whose PDFs and photographed pages are searched
    runs = ["~/kws/runs"]             # folders of runs
    encoders = ["e5", "use"]          # encoders for semantic search; "use" alone is thirty times faster but finds less

    [activity]                        # what `scratchlab watch` may record; without this table, nothing
    hosts = ["gpu1"]                  # host names from ~/.ssh/config

    [model]                           # language model that phrases answers; without this table, none
    url = "http://localhost:8080/v1"
    name = "qwen3-8b"

Settings, primary data (recorded processes, accepted steps, backups) and derived data (the index) lie in the platform's usual folders for
configuration, data and caches; the environment variable SCRATCHLAB_NOTEBOOK names one folder for all three.
"""

from __future__ import annotations

import os
import tomllib
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, cast

import platformdirs
from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, ValidationError

from scratchlab.checks import Problem, listing, nearest
from scratchlab.notebook import walk


class Table(BaseModel):
    """A table of the settings file; unknown keys are an error."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class Activity(Table):
    """[activity]: the presence of this table is the consent to record this machine's processes.

    hosts: machines to watch over SSH, by their names in ~/.ssh/config.
    slurm: whether to query squeue and sacct.
    every: seconds between two scans.
    """

    hosts: tuple[str, ...] = ()
    slurm: bool = False
    every: float = Field(default=30, gt=0)


class Model(Table):
    """[model]: an endpoint with OpenAI's API.

    url: its address, including /v1.
    name: the model's name.
    key: the environment variable that holds the API key, if one is needed.
    """

    url: str
    name: str = "default"
    key: str = ""


def _several(expected: str) -> BeforeValidator:
    """A validator that accepts one name or a list of names; expected: the error message, which shows a valid value."""

    def as_list(value: object) -> object:
        names = cast("list[object]", [*value]) if isinstance(value, (list, tuple)) else [value]
        if not all(isinstance(name, (str, Path)) and name for name in names):
            raise ValueError(expected)
        return names

    return BeforeValidator(as_list)


Folders = Annotated[tuple[Path, ...], _several('write a folder in quotes, and several in brackets: ["~/diary", "~/notes"]')]
Encoders = Annotated[tuple[str, ...], _several('write an encoder in quotes, and several in brackets: ["e5", "use"]')]


class Settings(Table):
    """All settings of the file; folders are absolute."""

    vault: Folders = ()
    projects: Folders = ()
    papers: Folders = ()
    runs: Folders = ()
    encoders: Encoders | None = None
    activity: Activity | None = None
    model: Model | None = None


@dataclass(frozen=True)
class Own:
    """The folders of the notebook's own files.

    config: holds `notebook.toml`.
    kept: holds primary data, which cannot be rebuilt; readable by its owner only.
    derived: holds derived data, which can be rebuilt.
    """

    config: Path
    kept: Path
    derived: Path

    @property
    def file(self) -> Path:
        """The path of `notebook.toml`, whether or not it exists."""
        return self.config / "notebook.toml"


def own() -> Own:
    """The folders of the current user."""
    if chosen := os.environ.get("SCRATCHLAB_NOTEBOOK"):
        folder = Path(chosen).expanduser().absolute()
        return Own(folder, folder, folder)
    return Own(*(find("scratchlab") for find in (platformdirs.user_config_path, platformdirs.user_data_path, platformdirs.user_cache_path)))


def settings(file: Path | None = None) -> Settings:
    """The settings in a file (default: `notebook.toml`); the defaults if the file does not exist.

    Raises Problem that names the wrong setting with what would be right, or the folders that do not exist.
    """
    path = file or own().file
    try:
        content = tomllib.loads(walk.content(path).decode("utf-8-sig"))
    except FileNotFoundError:
        return Settings()
    except (tomllib.TOMLDecodeError, UnicodeDecodeError, OSError) as error:
        raise Problem(f"{path} cannot be read: {error}") from None
    try:
        parsed = Settings.model_validate(content)
    except ValidationError as error:
        raise Problem(f"{path}: {_error_message(error)}") from None
    return parsed.model_copy(
        update={name: _existing(path, name, getattr(parsed, name)) for name in ("vault", "projects", "papers", "runs")}
    )


def _existing(path: Path, name: str, folders: tuple[Path, ...]) -> tuple[Path, ...]:
    """The folders of a setting, absolute and without duplicates. Raises Problem naming those that do not exist or are no folders."""
    try:
        absolute = [path.parent / folder.expanduser() for folder in folders]
    except RuntimeError as error:  # ~nobody
        raise Problem(f"{path}: {name} names an unknown home folder ({error})") from None
    if missing := [str(folder) for folder in absolute if not folder.exists()]:
        raise Problem(
            f"{path}: {name} names {listing(missing)}, which {'does' if len(missing) == 1 else 'do'} not exist; create it or remove it"
        )
    if others := [str(folder) for folder in absolute if not folder.is_dir()]:
        raise Problem(f"{path}: {name} names {listing(others)}, which is not a folder; name the folder that contains it")
    return tuple({folder.resolve(): folder for folder in reversed(absolute)}.values())[::-1]


TABLES: dict[str, type[Table]] = {"activity": Activity, "model": Model}


def _error_message(error: ValidationError) -> str:
    """The first error as a sentence: where it is, what is wrong, and what would be right."""
    first = error.errors()[0]
    where = [str(part) for part in first["loc"]]
    if first["type"] in ("model_type", "model_attributes_type") and where[0] in TABLES:
        return f"{where[0]} is a table: write [{where[0]}] on a line of its own, and its settings below it, not {first['input']!r}"
    if first["type"] == "value_error":
        return f"{where[0]}: {first['msg'].removeprefix('Value error, ')}, not {first['input']!r}"
    if first["type"] != "extra_forbidden":
        return f"{'.'.join(where)}: {first['msg'][0].lower()}{first['msg'][1:]}, not {first['input']!r}"
    table = TABLES.get(where[0], Settings) if len(where) > 1 else Settings
    known = list(table.model_fields)
    return f"there is no setting '{'.'.join(where)}'.{nearest(where[-1], known)} Known here: {listing(known)}"
