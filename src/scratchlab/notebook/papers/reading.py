"""Reads papers: the text of PDFs at once, pictures and scanned pages by an engine, and each page once."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from scratchlab.checks import Problem
from scratchlab.notebook.papers import pdf, pictures
from scratchlab.notebook.papers.engines.interface import Engine
from scratchlab.notebook.papers.kept import Kept
from scratchlab.notebook.papers.pieces import Piece, together

if TYPE_CHECKING:
    from PIL.Image import Image

PDF = ".pdf"
TEXT, SCANNED = "text 1", "scanned 1"  # readers of PDFs' text; another number reads all of them anew


@dataclass(frozen=True)
class Sheet:
    """One picture that an engine has to read: a file, or a scanned page of one.

    page: of a PDF, from 1; 0 of a picture.
    """

    path: Path
    digest: str
    page: int = 0


@dataclass(frozen=True)
class Seen:
    """A sheet that was read now, or why it could not be."""

    sheet: Sheet
    pieces: tuple[Piece, ...] = ()
    refused: str = ""


def pieces(path: Path, kept: Kept) -> list[Piece]:
    """What is known of a paper: the text of a PDF, read now if it was not before, and what an engine read of its pictures earlier.

    Raises Problem and OSError where it cannot be read.
    """
    digest = kept.digest(path)
    if path.suffix.lower() == PDF:
        _scanned(path, digest, kept)
    return kept.pieces(digest)


def sheets(path: Path, kept: Kept) -> list[Sheet]:
    """The picture that a file is, or the scanned pages of a PDF. Raises Problem and OSError where it cannot be read."""
    digest = kept.digest(path)
    pages = _scanned(path, digest, kept) if path.suffix.lower() == PDF else [0]
    return [Sheet(path, digest, page) for page in pages]


def waiting(some: Iterable[Sheet], engine: Engine, kept: Kept) -> list[Sheet]:
    """Those that this engine has not read before; of copies, one."""
    new = {(sheet.digest, sheet.page): sheet for sheet in some if not kept.has(sheet.digest, sheet.page, engine.name)}
    return list(new.values())


def read(sheet: Sheet, engine: Engine, kept: Kept) -> Seen:
    """Reads a sheet and keeps what it says. One that cannot be read is not kept: it may be mended, or what reads it installed."""
    try:
        found = tuple(together(engine.lines(picture(sheet.path, sheet.page)), sheet.page))
    except (Problem, OSError) as error:
        return Seen(sheet, refused=str(error))
    kept.keep(sheet.digest, sheet.page, engine.name, found)
    return Seen(sheet, found)


def picture(path: Path, page: int) -> Image:
    """The upright picture that a file is (page 0), or that lies on a page of it (from 1). Raises Problem and OSError."""
    content = path.read_bytes()
    return pdf.picture(content, path, page) if page else pictures.upright(content, path)


def _scanned(path: Path, digest: str, kept: Kept) -> list[int]:
    """The scanned pages of a PDF, whose text is read and kept if it was not before."""
    if not kept.has(digest, 0, TEXT):
        found = pdf.text(path.read_bytes(), path)
        for page in found.scanned:
            kept.keep(digest, page, SCANNED, ())
        for page, why in found.broken:
            kept.keep(digest, page, TEXT, (), why)
        kept.keep(digest, 0, TEXT, found.pieces)  # last: it says that all of it is there
    return list(kept.pages(digest, SCANNED))


def broken(path: Path, kept: Kept) -> list[str]:
    """Sentences about the pages of a PDF that could not be read while others could."""
    why = kept.pages(kept.digest(path), TEXT)
    return [f"{path}: page {page} cannot be read ({reason})" for page, reason in why.items() if reason]
