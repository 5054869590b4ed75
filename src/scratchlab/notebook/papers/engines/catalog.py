"""All OCR engines, the best first."""

from __future__ import annotations

from collections.abc import Callable

from scratchlab.checks import Problem
from scratchlab.notebook.papers.engines.interface import Engine
from scratchlab.notebook.papers.engines.rapid import Rapid
from scratchlab.notebook.papers.engines.rapid_and_tesseract import RapidAndTesseract
from scratchlab.notebook.papers.engines.tesseract import Tesseract

ENGINES: dict[str, Callable[[], Engine]] = {
    "rapidocr+tesseract": RapidAndTesseract,
    "rapidocr": Rapid,
    "tesseract": Tesseract,
}


def best() -> Engine:
    """The first installed engine. Raises Problem, saying how to install one, if there is none."""
    refusals: list[str] = []
    for make in ENGINES.values():
        try:
            return make()
        except Problem as problem:
            refusals.append(str(problem))
    raise Problem(f"No OCR engine is installed. {'. '.join(dict.fromkeys(refusals))}.")
