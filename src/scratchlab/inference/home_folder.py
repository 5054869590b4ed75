"""The folder of a home.

home.toml                words, settings, threshold, figures and remarks; it names the other files, so that replacing it is the one
                         step from an old state to a new one
words-HASH.safetensors   the recordings of the words, and their embeddings in time order
embedder-HASH.safetensors  the weights, for an embedder that was trained here; a published one is read from its package
index.html               the page, made from the above
"""

from __future__ import annotations

import dataclasses
import hashlib
import tomllib
from collections.abc import Sequence, Sized
from pathlib import Path
from typing import Annotated, Any, Literal

import numpy as np
import numpy.typing as npt
import pydantic
import safetensors.numpy
import tomli_w
import torch

from scratchlab.checks import Problem
from scratchlab.data import audio
from scratchlab.inference.embedding import Steps
from scratchlab.inference.home import Arrays, Home
from scratchlab.inference.measuring import Rates, Scored
from scratchlab.inference.recordings import Recording
from scratchlab.recipe import Values
from scratchlab.store import files

FORMAT = 1  # of home.toml
FILE, PAGE = "home.toml", "index.html"
HEADER = """\
# Enrolled words. `scratchlab predict FOLDER clip.wav`, with this folder, answers for new recordings; its page is index.html.
# Scores are similarities, larger is more similar; below the threshold the answer is "unknown".
"""


def save(home: Home, folder: Path) -> None:
    """Writes the folder, or replaces its content: an interruption at any time leaves the old state or the new one."""
    with files.reported_errors(folder, "--name"):
        folder.mkdir(parents=True, exist_ok=True)
    words = _written(folder, "words", _arrays(home))
    embedder = _written(folder, "embedder", home.weights) if home.weights else ""
    text = HEADER + tomli_w.dumps(_table(home, words, embedder))
    files.write_text(folder / FILE, text, "--name")
    for old in [*folder.glob("words-*.safetensors"), *folder.glob("embedder-*.safetensors"), *folder.glob(".*.part")]:
        if old.name not in (words, embedder):
            old.unlink(missing_ok=True)


def _arrays(home: Home) -> Arrays:
    def lengths(parts: Sequence[Sized]) -> npt.NDArray[np.int64]:
        return np.array([len(part) for part in parts], dtype=np.int64)

    sounds, others = [recording.sound for recording in home.recordings], [steps for _, steps in home.others]
    return {
        "sounds": np.round(np.concatenate(sounds) / audio.INT16_STEP).clip(-(2**15), 2**15 - 1).astype(np.int16),
        "sound_lengths": lengths(sounds),
        "references": torch.cat([reference.transpose(0, 1) for reference in home.references]).numpy(),  # `[all steps, variants, c]`
        "reference_lengths": lengths([reference[0] for reference in home.references]),
        "others": torch.cat(others or [home.references[0][0, :0]]).numpy(),
        "other_lengths": lengths(others),
        "left_out": home.scored.left_out,
        "unknown": home.scored.unknown,
        "other_scores": home.scored.others,
        "other_files": home.scored.files,
    }


def _table(home: Home, words: str, embedder: str) -> Values:
    return {
        "format": FORMAT,
        "words": list(home.classes),
        "origin": home.origin,
        "rate": home.steps.rate,
        **({} if home.threshold is None else {"threshold": home.threshold}),
        "rates": _without_none(dataclasses.asdict(home.rates)),
        "files": {"words": words, "embedder": embedder},
        "figures": {name: _without_none(dataclasses.asdict(estimate)) for name, estimate in home.figures.items()},
        "parts": home.parts,
        "others": [file for file, _ in home.others],
        "refused": [list(one) for one in home.refused],
        "recordings": [{name: getattr(recording, name) for name in _Recording.model_fields} for recording in home.recordings],
    }


def load(folder: Path | str) -> Home:
    """Reads a folder. Raises Problem where it is not one, is damaged, or was written by a newer version."""
    folder = Path(folder)
    try:
        table = tomllib.loads((folder / FILE).read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise Problem(f"{folder} holds no enrolled words: there is no {folder / FILE}; make it with `scratchlab enrol`.") from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError, OSError) as error:
        raise Problem(f"{folder / FILE} is damaged: {error}; enrol the words again.") from None
    if table.get("format") != FORMAT:
        raise Problem(f"{folder / FILE} has the format {table.get('format')!r}, and this version reads {FORMAT}; enrol the words again.")
    try:
        content = _Content.model_validate(table)
    except pydantic.ValidationError as error:
        first = error.errors()[0]
        where = ".".join(str(step) for step in first["loc"])
        raise Problem(f"{folder / FILE} is damaged at {where}: {first['msg']}; enrol the words again.") from None
    weights = _read(folder / content.files.embedder) if content.files.embedder else {}
    home = Home(
        parts=content.parts,
        steps=Steps.of(content.parts, content.rate, weights),
        refused=content.refused,
        origin=content.origin,
        weights=weights,
        threshold=content.threshold,
        rates=Rates(**content.rates.model_dump()),
    )
    return _with_words(home, folder, content)


class _Strict(pydantic.BaseModel):
    model_config = pydantic.ConfigDict(extra="ignore", allow_inf_nan=False)


FileName = Annotated[str, pydantic.Field(pattern=r"^[a-z]+-[0-9a-f]{16}\.safetensors$")]  # never a path out of the folder


class _Files(_Strict):
    words: FileName
    embedder: FileName | Literal[""]


class _Rates(_Strict):
    false_acceptance: float
    false_alarms: float | None = None


class _Recording(_Strict):
    word: str
    file: str
    seconds: float
    level: float
    faults: tuple[str, ...]


class _Content(_Strict):
    """Validates the content of home.toml: every entry that `load` reads, with its type."""

    origin: str
    rate: int
    threshold: float | None = None
    rates: _Rates
    files: _Files
    parts: dict[str, Any]
    others: list[str]
    refused: tuple[tuple[str, str], ...]
    recordings: list[_Recording] = pydantic.Field(min_length=1)


def _without_none(values: Values) -> Values:
    return {name: value for name, value in values.items() if value is not None}


def _written(folder: Path, name: str, arrays: Arrays) -> str:
    """Writes arrays under a name that contains their hash, and returns it."""
    content = safetensors.numpy.save({key: np.ascontiguousarray(array) for key, array in arrays.items()})
    path = folder / f"{name}-{hashlib.sha256(content).hexdigest()[:16]}.safetensors"
    if not path.exists():
        files.write(path, lambda temporary: temporary.write_bytes(content), "--name")
    return path.name


def _read(path: Path) -> dict[str, npt.NDArray[Any]]:
    """The arrays of a file whose name contains its hash. Raises Problem where it is missing or another one."""
    try:
        content = path.read_bytes()
    except OSError:
        raise Problem(f"{path}, which {FILE} names, is missing; enrol the words again.") from None
    if path.name.rpartition("-")[2] != f"{hashlib.sha256(content).hexdigest()[:16]}.safetensors":
        raise Problem(f"{path} is damaged: its content does not have the checksum in its name; enrol the words again.")
    return safetensors.numpy.load(content)


def _with_words(home: Home, folder: Path, content: _Content) -> Home:
    """The home with its recordings, their references, the other sounds, and their scores."""
    path = folder / content.files.words
    arrays = _read(path)

    def parts(values: str, lengths: str, count: int) -> list[npt.NDArray[Any]]:
        sizes = arrays[lengths]
        if len(sizes) != count or int(sizes.sum()) != len(arrays[values]) or (sizes <= 0).any():
            raise ValueError(f"{lengths} are wrong")
        return np.split(arrays[values], np.cumsum(sizes)[:-1]) if count else []

    try:
        count = len(content.recordings)
        facts = zip(content.recordings, parts("sounds", "sound_lengths", count), strict=True)
        home = dataclasses.replace(
            home,
            recordings=tuple(Recording(**fact.model_dump(), sound=sound * audio.INT16_STEP) for fact, sound in facts),
            references=tuple(torch.from_numpy(steps).transpose(0, 1) for steps in parts("references", "reference_lengths", count)),
        )
        others = [torch.from_numpy(steps) for steps in parts("others", "other_lengths", len(content.others))]
        scored = Scored(
            home.labels, arrays["left_out"], arrays["unknown"], arrays["other_scores"], arrays["other_files"], home.steps.seconds
        )
        if scored.left_out.shape != (count, len(home.classes)) or len(scored.unknown) not in (0, count):
            raise ValueError("there is another number of scores")
        return dataclasses.replace(home, others=tuple(zip(content.others, others, strict=True)), scored=scored)
    except (KeyError, ValueError, TypeError, IndexError) as error:
        raise Problem(f"{path} does not fit {folder / FILE} ({error}); enrol the words again.") from None
