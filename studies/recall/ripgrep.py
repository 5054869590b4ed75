"""ripgrep, as a manual search of a vault: paragraphs are ranked by the number of words of the question that they contain."""

from __future__ import annotations

import json
import shutil
import subprocess
from collections import defaultdict
from datetime import date
from pathlib import Path

from recall.notes import Chunk, chunks, words
from recall.retriever import MOST, Hit
from scratchlab.checks import Problem


class Ripgrep:
    """Finds only UTF-8 text."""

    def __init__(self, root: Path) -> None:
        if shutil.which("rg") is None:
            raise Problem("the peer ripgrep needs the program rg, not installed here: apt-get install ripgrep")
        self.root = root
        self.at: dict[str, dict[int, Chunk]] = defaultdict(dict)  # file -> line -> its paragraph
        for chunk in chunks(root):
            self.at[chunk.file].update(dict.fromkeys(range(chunk.first, chunk.last + 1), chunk))

    def answers(self, question: str, now: date) -> list[Hit]:
        """The paragraphs with most of the words, the shorter first if tied."""
        held: dict[Chunk, set[str]] = defaultdict(set)
        wanted = words(question)
        for file, line, text in self._lines(wanted):
            if line in self.at[file]:
                held[self.at[file][line]] |= {word for word in wanted if word in text}
        best = sorted(held, key=lambda chunk: (-len(held[chunk]), len(chunk.text), chunk.file, chunk.first))[:MOST]
        return [Hit(chunk.file, chunk.first, chunk.last, len(held[chunk])) for chunk in best]

    def _lines(self, wanted: list[str]) -> list[tuple[str, int, str]]:
        """File, line number and lower-case text of every line that contains a word."""
        if not wanted:
            return []
        patterns = [part for word in wanted for part in ("-e", word)]
        done = subprocess.run(
            ["rg", "--json", "-i", "-F", "-g", "*.md", *patterns, "."], cwd=self.root, capture_output=True, text=True, check=False
        )
        if done.returncode > 1:
            raise Problem(f"rg failed: {done.stderr.strip()}")
        rows = [row["data"] for row in map(json.loads, done.stdout.splitlines()) if row["type"] == "match"]
        return [(row["path"]["text"].removeprefix("./"), row["line_number"], row["lines"].get("text", "").lower()) for row in rows]
