"""Reading papers: the text of PDFs directly, pictures and scanned pages by OCR, each page once."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from scratchlab.checks import Problem
from scratchlab.notebook.papers import pdf, pictures
from scratchlab.notebook.papers.engines.interface import Engine
from scratchlab.notebook.papers.page_store import PageStore
from scratchlab.notebook.papers.pieces import Piece, group_lines

if TYPE_CHECKING:
    from PIL.Image import Image

PDF = ".pdf"
TEXT, SCANNED = "text 1", "scanned 1"  # readers of PDF text, with a version; a new version reads all PDFs again


@dataclass(frozen=True)
class Sheet:
    """A picture to be read by OCR: a file, or a scanned page of a PDF (page: from 1; 0 for a picture file)."""

    path: Path
    digest: str
    page: int = 0


@dataclass(frozen=True)
class ReadSheet:
    """A sheet with the pieces read from it; refused: why it could not be read."""

    sheet: Sheet
    pieces: tuple[Piece, ...] = ()
    refused: str = ""


def pieces(path: Path, store: PageStore) -> list[Piece]:
    """The stored pieces of a paper; reads the text of a new PDF first. Raises Problem and OSError if it cannot be read."""
    digest = store.digest(path)
    if path.suffix.lower() == PDF:
        _scanned(path, digest, store)
    return store.pieces(digest)


def sheets(path: Path, store: PageStore) -> list[Sheet]:
    """The sheets of a file: the picture itself, or the scanned pages of a PDF. Raises Problem and OSError if it cannot be read."""
    digest = store.digest(path)
    pages = _scanned(path, digest, store) if path.suffix.lower() == PDF else [0]
    return [Sheet(path, digest, page) for page in pages]


def unread(candidates: Iterable[Sheet], engine: Engine, store: PageStore) -> list[Sheet]:
    """The sheets that this engine has not read yet, without duplicates."""
    new = {(sheet.digest, sheet.page): sheet for sheet in candidates if not store.has(sheet.digest, sheet.page, engine.name)}
    return list(new.values())


def read(sheet: Sheet, engine: Engine, store: PageStore) -> ReadSheet:
    """Reads a sheet and stores its pieces. An unreadable sheet is not stored, so that it is tried again."""
    try:
        found = tuple(group_lines(engine.lines(picture(sheet.path, sheet.page)), sheet.page))
    except (Problem, OSError) as error:
        return ReadSheet(sheet, refused=str(error))
    store.keep(sheet.digest, sheet.page, engine.name, found)
    return ReadSheet(sheet, found)


def picture(path: Path, page: int) -> Image:
    """The upright picture of a file (page 0) or on a page of a PDF (from 1). Raises Problem and OSError."""
    content = path.read_bytes()
    return pdf.picture(content, path, page) if page else pictures.upright(content, path)


def _scanned(path: Path, digest: str, store: PageStore) -> list[int]:
    """The scanned pages of a PDF; reads and stores its text first if that is new."""
    if not store.has(digest, 0, TEXT):
        found = pdf.text(path.read_bytes(), path)
        for page in found.scanned:
            store.keep(digest, page, SCANNED, ())
        for page, why in found.broken:
            store.keep(digest, page, TEXT, (), why)
        store.keep(digest, 0, TEXT, found.pieces)  # stored last, as it marks the PDF as complete
    return list(store.pages(digest, SCANNED))


def broken(path: Path, store: PageStore) -> list[str]:
    """Error messages about the unreadable pages of a PDF."""
    why = store.pages(store.digest(path), TEXT)
    return [f"{path}: page {page} cannot be read ({reason})" for page, reason in why.items() if reason]
