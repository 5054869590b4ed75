"""Tesseract, a program of its own (Apache-2.0), with the language packs `eng`, `chi_sim` and `kor` as far as they are installed."""

from __future__ import annotations

import csv
import os
import shutil
import subprocess
import tempfile
from collections import defaultdict
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from scratchlab.checks import Problem, listing
from scratchlab.notebook.papers.engines.interface import Line

if TYPE_CHECKING:
    from PIL.Image import Image

LANGUAGES = {"kor": "Korean", "chi_sim": "Chinese", "eng": "English"}
LEGIBLE = 0.3
_REMEDY = "on Debian: apt install tesseract-ocr tesseract-ocr-kor tesseract-ocr-chi-sim"
PATIENCE = 300  # seconds for one page


class Tesseract:
    """See the module. Several packs read at once are slower, and Korean and Chinese take each other's characters.

    packs: the languages to read, by Tesseract's names; those of LANGUAGES that are installed, if not given.
    """

    def __init__(self, packs: Sequence[str] = ()) -> None:
        if not shutil.which("tesseract"):
            raise Problem(f"There is no program 'tesseract' here; {_REMEDY}")
        there = _run(["tesseract", "--list-langs"]).split()
        wanted = packs or [pack for pack in LANGUAGES if pack in there]
        if not wanted or not set(wanted) <= set(there):
            raise Problem(f"Tesseract lacks the language pack of {listing(packs or LANGUAGES)} here; {_REMEDY}")
        self.packs = "+".join(wanted)
        self.reads = tuple(LANGUAGES.get(pack, pack) for pack in wanted)
        self.name = f"tesseract-{_run(['tesseract', '--version']).split()[1]} {self.packs}"

    def lines(self, picture: Image) -> Sequence[Line]:
        """See Engine."""
        return [line for line in self._read([picture], layout=3)[0] if line.sure >= LEGIBLE]

    def strips(self, strips: Sequence[Image]) -> list[tuple[str, float]]:
        """What stands on strips that hold one line each, and how sure it is; all in one call of the program."""
        read = self._read(strips, layout=7) if strips else []
        return [(" ".join(line.text for line in found), min((line.sure for line in found), default=0.0)) for found in read]

    def _read(self, pictures: Sequence[Image], layout: int) -> list[list[Line]]:
        with tempfile.TemporaryDirectory() as folder:
            paths = [Path(folder, f"{i}.png") for i in range(len(pictures))]
            for path, picture in zip(paths, pictures, strict=True):
                picture.save(path, compress_level=1)
            names = Path(folder, "names.txt")
            names.write_text("".join(f"{path}\n" for path in paths), encoding="utf-8")
            _run(["tesseract", str(names), f"{folder}/read", "-l", self.packs, "--psm", str(layout), "--dpi", "200", "tsv", "txt"])
            rows, pages = (Path(folder, f"read.{end}").read_text(encoding="utf-8", errors="replace") for end in ("tsv", "txt"))
        spaced = [{"".join(line.split()): line.strip() for line in page.splitlines()} for page in pages.split("\f")]
        words = defaultdict[tuple[int, ...], list[dict[str, str]]](list)
        for row in csv.DictReader(rows.splitlines(), delimiter="\t", quoting=csv.QUOTE_NONE):
            if row["level"] == "5" and row["text"].strip():
                words[tuple(int(row[f"{part}_num"]) for part in ("page", "block", "par", "line"))].append(row)
        found: list[list[Line]] = [[] for _ in pictures]
        for (page, *_), line in words.items():
            found[page - 1].append(_line(line, spaced[page - 1]))
        return found


def _line(words: list[dict[str, str]], spaced: dict[str, str]) -> Line:
    """A line of its words; how sure it is, by their lengths.

    spaced: the lines of the plain text by what they are without spaces: there alone, not every character of Chinese or Korean is a word.
    """
    edges = [[int(word[side]) for side in ("left", "top", "width", "height")] for word in words]
    sizes = [len(word["text"]) for word in words]
    sure = sum(float(word["conf"]) * size for word, size in zip(words, sizes, strict=True)) / sum(sizes) / 100
    texts = [word["text"] for word in words]
    text = spaced.get("".join(texts)) or " ".join(texts)
    box = (
        min(left for left, *_ in edges),
        min(top for _, top, *_ in edges),
        max(left + width for left, _, width, _ in edges),
        max(top + height for _, top, _, height in edges),
    )
    return Line(text, box, max(sure, 0.0))


def _run(command: list[str]) -> str:
    """What the program prints. It uses one thread; several make it slower."""
    try:
        done = subprocess.run(
            command, capture_output=True, timeout=PATIENCE, env=os.environ | {"OMP_THREAD_LIMIT": "1", "LC_ALL": "C.UTF-8"}, check=False
        )
    except subprocess.TimeoutExpired:
        raise Problem(f"Tesseract had not read the page after {PATIENCE} seconds") from None
    if done.returncode:
        said = done.stderr.decode(errors="replace").strip().splitlines()
        raise Problem(f"Tesseract failed: {said[-1] if said else f'status {done.returncode}'}")
    return done.stdout.decode(errors="replace")
