"""What `notebook.toml` says, and where the notebook keeps its own files.

    vault = ["~/diary"]               # folders of Markdown notes; the first is the one that is written to
    projects = ["~/kws"]              # READMEs, recipes, configs, scripts and PDFs to search as well
    papers = ["~/scans"]              # PDFs and photographed pages to search as well
    runs = ["~/kws/runs"]             # folders of runs
    encoders = ["e5", "use"]          # what searches by meaning; "use" alone reads thirty times faster, and finds less

    [activity]                        # what `scratchlab watch` may record; nothing without this table
    hosts = ["gpu1"]                  # by the names of ~/.ssh/config

    [model]                           # who may put evidence into words; nobody without this table
    url = "http://localhost:8080/v1"
    name = "qwen3-8b"

Settings, what cannot be made again (what was recorded of processes, what was accepted) and what can (the index) lie where the platform
keeps such files; the environment variable SCRATCHLAB_NOTEBOOK names one folder for all three.
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
    """A table of the file: what it does not know, it refuses."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class Activity(Table):
    """[activity]: that it stands there is the consent to record this machine's processes.

    hosts: machines to ask over SSH, by the names of ~/.ssh/config.
    slurm: whether to ask squeue and sacct.
    every: seconds between two looks.
    """

    hosts: tuple[str, ...] = ()
    slurm: bool = False
    every: float = Field(default=30, gt=0)


class Model(Table):
    """[model]: an endpoint that speaks as OpenAI's does.

    url: its address, up to and with /v1.
    name: the model to ask for.
    key: the environment variable that holds the key, if it wants one.
    """

    url: str
    name: str = "default"
    key: str = ""


def _several(right: str) -> BeforeValidator:
    """Takes one name or a list of them. right: what a right value looks like, for the sentence about a wrong one."""

    def several(said: object) -> object:
        names = cast("list[object]", [*said]) if isinstance(said, (list, tuple)) else [said]
        if not all(isinstance(one, (str, Path)) and one for one in names):
            raise ValueError(right)
        return names

    return BeforeValidator(several)


Folders = Annotated[tuple[Path, ...], _several('a folder is named in quotes, and several in brackets: ["~/diary", "~/notes"]')]
Encoders = Annotated[tuple[str, ...], _several('an encoder is named in quotes, and several in brackets: ["e5", "use"]')]


class Settings(Table):
    """The whole file; folders are absolute."""

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

    config: of `notebook.toml`.
    kept: of what cannot be made again; only its owner may look into it.
    derived: of what can.
    """

    config: Path
    kept: Path
    derived: Path

    @property
    def file(self) -> Path:
        """`notebook.toml`, be it there or not."""
        return self.config / "notebook.toml"


def own() -> Own:
    """This user's."""
    if one := os.environ.get("SCRATCHLAB_NOTEBOOK"):
        folder = Path(one).expanduser().absolute()
        return Own(folder, folder, folder)
    return Own(*(find("scratchlab") for find in (platformdirs.user_config_path, platformdirs.user_data_path, platformdirs.user_cache_path)))


def settings(file: Path | None = None) -> Settings:
    """What the file says (`notebook.toml`, if not given); all of it left open where there is none.

    Raises Problem naming the setting that is wrong, what would be right, and the folders that are not there.
    """
    path = file or own().file
    try:
        said = tomllib.loads(walk.content(path).decode("utf-8-sig"))
    except FileNotFoundError:
        return Settings()
    except (tomllib.TOMLDecodeError, UnicodeDecodeError, OSError) as error:
        raise Problem(f"{path} cannot be read: {error}") from None
    try:
        read = Settings.model_validate(said)
    except ValidationError as error:
        raise Problem(f"{path}: {_sentence(error)}") from None
    return read.model_copy(update={name: _there(path, name, getattr(read, name)) for name in ("vault", "projects", "papers", "runs")})


def _there(path: Path, name: str, folders: tuple[Path, ...]) -> tuple[Path, ...]:
    """Folders that a setting names, absolute, each once however it is spelled. Raises Problem naming those that are none."""
    try:
        absolute = [path.parent / folder.expanduser() for folder in folders]
    except RuntimeError as error:  # ~nobody
        raise Problem(f"{path}: {name} names a home that is not known here ({error})") from None
    if lacking := [str(folder) for folder in absolute if not folder.exists()]:
        raise Problem(
            f"{path}: {name} names {listing(lacking)}, which {'is' if len(lacking) == 1 else 'are'} not there; make it, or take it out"
        )
    if others := [str(folder) for folder in absolute if not folder.is_dir()]:
        raise Problem(f"{path}: {name} names {listing(others)}, which is no folder; name the one that it lies in")
    return tuple({folder.resolve(): folder for folder in reversed(absolute)}.values())[::-1]


TABLES: dict[str, type[Table]] = {"activity": Activity, "model": Model}


def _sentence(error: ValidationError) -> str:
    """The first thing that is wrong, where, and what would be right."""
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
