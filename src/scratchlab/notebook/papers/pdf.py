"""The text of a PDF by page and paragraph, and the pictures of scanned pages."""

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

FEW = 16  # a page with a picture and fewer characters (a stamp, a page number) counts as scanned
MOST = 2000  # maximum characters of a piece; longer paragraphs are split between lines
SHORT = 0.75  # a line that ends a sentence and is shorter than this fraction of the longest line ends a paragraph
ENDINGS = (".", "!", "?", ":", "。", "！", "？", "：", "．")
_BROKEN_WORD = re.compile(r"(?<=[a-z])-\n(?=[a-z])")


@dataclass(frozen=True)
class Text:
    """The text of a PDF.

    scanned: numbers, from 1, of the pages that have a picture and no text.
    broken: numbers of the unreadable pages, with the reason.
    """

    pieces: tuple[Piece, ...]
    scanned: tuple[int, ...]
    broken: tuple[tuple[int, str], ...]


def text(content: bytes, path: Path) -> Text:
    """Reads the text of all pages. Raises Problem if the file as a whole cannot be read: broken, or encrypted with a password."""
    pieces, scanned, broken = list[Piece](), list[int](), list[tuple[int, str]]()
    with _opened(content, path) as document:
        for number, page in enumerate(document.pages, 1):
            try:
                content_text = page.extract_text()
                if len("".join(content_text.split())) >= FEW or not _pictured(page):
                    pieces += [Piece(paragraph, number) for paragraph in paragraphs(content_text)]
                else:
                    scanned.append(number)
            except Exception as error:
                broken.append((number, f"{type(error).__name__}: {error}"))
    return Text(tuple(pieces), tuple(scanned), tuple(broken))


def picture(content: bytes, path: Path, number: int) -> Image:
    """The largest picture on a page (from 1), rotated like the page. Raises Problem if none can be extracted."""
    installed("Reading scanned pages", "papers", "PIL")
    from PIL.Image import Image

    with _opened(content, path) as document:
        try:
            page = document.pages[number - 1]
            found = [image.image for image in page.images if isinstance(image.image, Image)]
            largest = max(found, key=lambda image: image.width * image.height)
            return largest.convert("RGB").rotate(-page.rotation, expand=True)
        except Exception as error:
            raise Problem(f"{path}: no picture can be extracted from page {number} ({type(error).__name__}: {error})") from None


def paragraphs(page_text: str) -> Iterator[str]:
    """Splits the text of a page at blank lines and after short lines that end a sentence; joins hyphenated words."""
    lines = [line.strip() for line in page_text.split("\n")]
    width = max(map(len, lines), default=0)
    pending: list[str] = []
    for line in [*lines, ""]:
        if pending and (not line or sum(map(len, pending)) + len(line) > MOST):
            yield _BROKEN_WORD.sub("", "\n".join(pending))
            pending = []
        if line:
            pending.append(line)
            if len(line) < SHORT * width and line.endswith(ENDINGS):
                yield _BROKEN_WORD.sub("", "\n".join(pending))
                pending = []


def _pictured(page: PageObject) -> bool:
    return len(page.images) > 0


@contextlib.contextmanager
def _opened(content: bytes, path: Path) -> Generator[PdfReader]:
    installed("Reading PDFs", "papers", "pypdf")
    from pypdf import PdfReader
    from pypdf.errors import DependencyError, PyPdfError

    log = logging.getLogger("pypdf")
    before = log.level
    log.setLevel(logging.CRITICAL)  # its warnings about repaired files are of no use to the user
    try:
        document = PdfReader(io.BytesIO(content))
        if document.is_encrypted and not document.decrypt(""):
            raise Problem(f"{path} is encrypted with a password; save a copy without one")
        len(document.pages)
        yield document
    except DependencyError as error:
        raise Problem(f"{path} is encrypted, and {error}: pip install 'scratchlab[papers]'") from None
    except (PyPdfError, ValueError, KeyError, TypeError, AttributeError, OSError, RecursionError) as error:
        raise Problem(f"{path} is not a readable PDF ({type(error).__name__}: {error}); print it to a new PDF") from None
    finally:
        log.setLevel(before)
