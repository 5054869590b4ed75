"""What was read of papers, kept by the hash of their content: no page is read twice, wherever its file moves; a kill loses one page."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path

from scratchlab.notebook import derived
from scratchlab.notebook.derived import clean
from scratchlab.notebook.papers.pieces import Piece

SCHEMA = """
CREATE TABLE IF NOT EXISTS files(path TEXT PRIMARY KEY, stamp TEXT NOT NULL, digest TEXT NOT NULL) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS pages(
    number INTEGER PRIMARY KEY, digest TEXT NOT NULL, page INTEGER NOT NULL, reader TEXT NOT NULL, pieces TEXT NOT NULL,
    broken TEXT NOT NULL, UNIQUE(digest, page, reader) ON CONFLICT REPLACE
);
"""


class Kept:
    """A file in this folder; only its owner may look into it."""

    def __init__(self, folder: Path) -> None:
        self.base = derived.opened(folder / "papers.sqlite", lambda base: [base.execute(one) for one in SCHEMA.split(";\n")])

    def digest(self, path: Path) -> str:
        """The hash of a file's content; it is read only if its time of change or size is new. Raises OSError."""
        about = path.stat()
        stamp = f"{about.st_mtime_ns} {about.st_size}"
        held = self.base.execute("SELECT digest FROM files WHERE path = ? AND stamp = ?", (clean(str(path)), stamp)).fetchone()
        if held:
            return held[0]
        with path.open("rb") as file:
            digest = hashlib.file_digest(file, lambda: hashlib.blake2b(digest_size=16)).hexdigest()
        self.base.execute("INSERT OR REPLACE INTO files VALUES (?, ?, ?)", (clean(str(path)), stamp, digest))
        return digest

    def has(self, digest: str, page: int, reader: str) -> bool:
        """Whether this reader has read the page."""
        return bool(
            self.base.execute("SELECT 1 FROM pages WHERE digest = ? AND page = ? AND reader = ?", (digest, page, reader)).fetchone()
        )

    def keep(self, digest: str, page: int, reader: str, pieces: Sequence[Piece], broken: str = "") -> None:
        """Keeps what a reader made of a page: its pieces, or why there are none."""
        said = json.dumps([asdict(piece) for piece in pieces], ensure_ascii=False)
        self.base.execute(
            "INSERT INTO pages(digest, page, reader, pieces, broken) VALUES (?, ?, ?, ?, ?)", (digest, page, reader, said, broken)
        )

    def pages(self, digest: str, reader: str) -> dict[int, str]:
        """The pages of which this reader has kept something, each with why it could not be read (empty if it could)."""
        return dict(self.base.execute("SELECT page, broken FROM pages WHERE digest = ? AND reader = ? ORDER BY page", (digest, reader)))

    def pieces(self, digest: str) -> list[Piece]:
        """Of every page, what was read last of it."""
        newest = "SELECT pieces FROM pages WHERE number IN (SELECT max(number) FROM pages WHERE digest = ? GROUP BY page)"
        return sorted(
            (_piece(one) for (said,) in self.base.execute(newest, (digest,)) for one in json.loads(said)), key=lambda one: one.page
        )

    def stamp(self, path: Path) -> str:
        """Changes with what is known of a file: empty as long as nothing of it was read."""
        found = self.base.execute("SELECT max(number) FROM pages JOIN files USING(digest) WHERE path = ?", (clean(str(path)),)).fetchone()
        return str(found[0] or "")


def _piece(said: dict[str, object]) -> Piece:
    box = said.pop("box")
    return Piece(**said, box=tuple(box) if isinstance(box, list) else None)  # pyright: ignore
