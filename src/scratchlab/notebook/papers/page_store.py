"""A store of the pages read, keyed by content hash: no page is read twice even if its file moves; a kill loses at most one page."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

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


class PageStore:
    """The store in `papers.sqlite`, readable by its owner only."""

    def __init__(self, folder: Path) -> None:
        self.database = derived.opened(
            folder / "papers.sqlite", lambda database: [database.execute(statement) for statement in SCHEMA.split(";\n")]
        )

    def digest(self, path: Path) -> str:
        """The hash of a file's content, computed only if its modification time or size is new. Raises OSError."""
        status = path.stat()
        stamp = f"{status.st_mtime_ns} {status.st_size}"
        known = self.database.execute("SELECT digest FROM files WHERE path = ? AND stamp = ?", (clean(str(path)), stamp)).fetchone()
        if known:
            return known[0]
        with path.open("rb") as file:
            digest = hashlib.file_digest(file, lambda: hashlib.blake2b(digest_size=16)).hexdigest()
        self.database.execute("INSERT OR REPLACE INTO files VALUES (?, ?, ?)", (clean(str(path)), stamp, digest))
        return digest

    def has(self, digest: str, page: int, reader: str) -> bool:
        """Whether this reader has read the page."""
        return bool(
            self.database.execute("SELECT 1 FROM pages WHERE digest = ? AND page = ? AND reader = ?", (digest, page, reader)).fetchone()
        )

    def keep(self, digest: str, page: int, reader: str, pieces: Sequence[Piece], broken: str = "") -> None:
        """Stores a page as read by a reader: its pieces, or why it could not be read."""
        text = json.dumps([_stored(piece) for piece in pieces], ensure_ascii=False)
        self.database.execute(
            "INSERT INTO pages(digest, page, reader, pieces, broken) VALUES (?, ?, ?, ?, ?)", (digest, page, reader, text, broken)
        )

    def pages(self, digest: str, reader: str) -> dict[int, str]:
        """The pages stored by this reader, each with the reason why it could not be read ("" if it could)."""
        return dict(self.database.execute("SELECT page, broken FROM pages WHERE digest = ? AND reader = ? ORDER BY page", (digest, reader)))

    def pieces(self, digest: str) -> list[Piece]:
        """The pieces of every page as last read."""
        newest = "SELECT pieces FROM pages WHERE number IN (SELECT max(number) FROM pages WHERE digest = ? GROUP BY page)"
        return sorted(
            (_piece(stored) for (text,) in self.database.execute(newest, (digest,)) for stored in json.loads(text)),
            key=lambda piece: piece.page,
        )

    def stamp(self, path: Path) -> str:
        """A stamp that changes whenever a page of the file is stored; "" before."""
        found = self.database.execute(
            "SELECT max(number) FROM pages JOIN files USING(digest) WHERE path = ?", (clean(str(path)),)
        ).fetchone()
        return str(found[0] or "")


def _stored(piece: Piece) -> dict[str, object]:
    return {"text": piece.text, "page": piece.page, "box": piece.box, "sure": piece.confidence}


def _piece(stored: dict[str, Any]) -> Piece:
    box = stored["box"]
    return Piece(stored["text"], stored["page"], tuple(box) if isinstance(box, list) else None, stored["sure"])  # pyright: ignore
