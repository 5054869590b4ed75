"""Tesseract, an external program (Apache-2.0), with the installed ones of the language packs `eng`, `chi_sim` and `kor`."""

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
    """Tesseract as an engine. Several packs at once are slower, and confuse Korean with Chinese characters.

    packs: Tesseract's names of the languages to read (default: the installed ones of LANGUAGES).
    """

    def __init__(self, packs: Sequence[str] = ()) -> None:
        if not shutil.which("tesseract"):
            raise Problem(f"The program 'tesseract' is not installed; {_REMEDY}")
        there = _run(["tesseract", "--list-langs"]).split()
        wanted = packs or [pack for pack in LANGUAGES if pack in there]
        if not wanted or not set(wanted) <= set(there):
            raise Problem(f"Tesseract's language packs are missing: {listing(packs or LANGUAGES)}; {_REMEDY}")
        self.packs = "+".join(wanted)
        self.reads = tuple(LANGUAGES.get(pack, pack) for pack in wanted)
        self.name = f"tesseract-{_run(['tesseract', '--version']).split()[1]} {self.packs}"

    def lines(self, picture: Image) -> Sequence[Line]:
        """See Engine."""
        return [line for line in self._read([picture], layout=3)[0] if line.confidence >= LEGIBLE]

    def strips(self, strips: Sequence[Image]) -> list[tuple[str, float]]:
        """The text and confidence of strips with one line each, in one call of the program."""
        read = self._read(strips, layout=7) if strips else []
        return [(" ".join(line.text for line in found), min((line.confidence for line in found), default=0.0)) for found in read]

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
    """A line from its words; its confidence is their mean, weighted by length.

    spaced: the lines of Tesseract's plain text, by their text without spaces. They space Chinese and Korean right; in the table of words
        every character is a word.
    """
    edges = [[int(word[side]) for side in ("left", "top", "width", "height")] for word in words]
    sizes = [len(word["text"]) for word in words]
    confidence = sum(float(word["conf"]) * size for word, size in zip(words, sizes, strict=True)) / sum(sizes) / 100
    texts = [word["text"] for word in words]
    text = spaced.get("".join(texts)) or " ".join(texts)
    box = (
        min(left for left, *_ in edges),
        min(top for _, top, *_ in edges),
        max(left + width for left, _, width, _ in edges),
        max(top + height for _, top, _, height in edges),
    )
    return Line(text, box, max(confidence, 0.0))


def _run(command: list[str]) -> str:
    """The program's output. It runs with one thread, as more make it slower."""
    try:
        done = subprocess.run(
            command, capture_output=True, timeout=PATIENCE, env=os.environ | {"OMP_THREAD_LIMIT": "1", "LC_ALL": "C.UTF-8"}, check=False
        )
    except subprocess.TimeoutExpired:
        raise Problem(f"Tesseract did not finish the page within {PATIENCE} seconds") from None
    if done.returncode:
        errors = done.stderr.decode(errors="replace").strip().splitlines()
        raise Problem(f"Tesseract failed: {errors[-1] if errors else f'status {done.returncode}'}")
    return done.stdout.decode(errors="replace")
