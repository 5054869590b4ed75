"""Text of a PDF by page and paragraph, and the pictures of pages that were only scanned."""

from __future__ import annotations

import contextlib
import io
import logging
import re
from collections.abc import Generator, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from scratchlab.checks import Problem, installed
from scratchlab.notebook.papers.pieces import Piece

if TYPE_CHECKING:
    from PIL.Image import Image
    from pypdf import PageObject, PdfReader

FEW = 16  # characters: a page with fewer, and a picture on it, was scanned (what else it holds is a stamp or a page number)
MOST = 2000  # characters of a piece; a longer paragraph is cut between lines
SHORT = 0.75  # of a page's longest line: what ends a sentence before that ends a paragraph
ENDINGS = (".", "!", "?", ":", "。", "！", "？", "：", "．")
_BROKEN_WORD = re.compile(r"(?<=[a-z])-\n(?=[a-z])")


@dataclass(frozen=True)
class Text:
    """What a PDF's text says.

    scanned: numbers of the pages that have a picture and no text, from 1.
    broken: those that could not be read, with the reason.
    """

    pieces: tuple[Piece, ...]
    scanned: tuple[int, ...]
    broken: tuple[tuple[int, str], ...]


def text(content: bytes, path: Path) -> Text:
    """Raises Problem if the file as a whole cannot be read: broken, or encrypted with a password."""
    pieces, scanned, broken = list[Piece](), list[int](), list[tuple[int, str]]()
    with _opened(content, path) as document:
        for number, page in enumerate(document.pages, 1):
            try:
                said = page.extract_text()
                if len("".join(said.split())) >= FEW or not _pictured(page):
                    pieces += [Piece(paragraph, number) for paragraph in paragraphs(said)]
                else:
                    scanned.append(number)
            except Exception as error:
                broken.append((number, f"{type(error).__name__}: {error}"))
    return Text(tuple(pieces), tuple(scanned), tuple(broken))


def picture(content: bytes, path: Path, number: int) -> Image:
    """The largest picture on a page (from 1), turned as the page is. Raises Problem if there is none that can be taken out."""
    installed("Reading scanned pages", "papers", "PIL")
    from PIL.Image import Image

    with _opened(content, path) as document:
        try:
            page = document.pages[number - 1]
            found = [one.image for one in page.images if isinstance(one.image, Image)]
            largest = max(found, key=lambda one: one.width * one.height)
            return largest.convert("RGB").rotate(-page.rotation, expand=True)
        except Exception as error:
            raise Problem(f"{path}: no picture can be taken out of page {number} ({type(error).__name__}: {error})") from None


def paragraphs(said: str) -> Iterator[str]:
    """The text of a page, parted at blank lines and where a sentence ends a line short of the others; broken words are joined."""
    lines = [line.strip() for line in said.split("\n")]
    width = max(map(len, lines), default=0)
    held: list[str] = []
    for line in [*lines, ""]:
        if held and (not line or sum(map(len, held)) + len(line) > MOST):
            yield _BROKEN_WORD.sub("", "\n".join(held))
            held = []
        if line:
            held.append(line)
            if len(line) < SHORT * width and line.endswith(ENDINGS):
                yield _BROKEN_WORD.sub("", "\n".join(held))
                held = []


def _pictured(page: PageObject) -> bool:
    return len(page.images) > 0


@contextlib.contextmanager
def _opened(content: bytes, path: Path) -> Generator[PdfReader]:
    installed("Reading PDFs", "papers", "pypdf")
    from pypdf import PdfReader
    from pypdf.errors import DependencyError, PyPdfError

    log = logging.getLogger("pypdf")
    before = log.level
    log.setLevel(logging.CRITICAL)  # what it mends in silence need not be told
    try:
        document = PdfReader(io.BytesIO(content))
        if document.is_encrypted and not document.decrypt(""):
            raise Problem(f"{path} is encrypted, and its password is not known here; save a copy without one")
        len(document.pages)
        yield document
    except DependencyError as error:
        raise Problem(f"{path} is encrypted, and {error}: pip install 'scratchlab[papers]'") from None
    except (PyPdfError, ValueError, KeyError, TypeError, AttributeError, OSError, RecursionError) as error:
        raise Problem(f"{path} is no PDF that can be read ({type(error).__name__}: {error}); print it to a new PDF") from None
    finally:
        log.setLevel(before)
