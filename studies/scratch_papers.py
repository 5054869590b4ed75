"""OCR of photographed notes: character error rates by engine, language, font and image quality.

    python studies/scratch_papers.py [ENGINE]...

Pages of eight lines with known words, in a printed and a handwriting font, clean and photographed (three simulated photographs each). The
error rate is the edit distance of true and recognized text, in characters without spaces, over the whole page. Handwriting fonts are easier
than handwriting, so these rates are lower bounds.
"""

from __future__ import annotations

import sys

import written_pages as pages

from scratchlab.checks import Problem
from scratchlab.notebook.papers.engines.catalog import ENGINES
from scratchlab.notebook.papers.engines.interface import Engine
from scratchlab.notebook.papers.pieces import group_lines

SHOTS = 3


def main() -> None:
    """Prints one table per engine."""
    for name in sys.argv[1:] or ENGINES:
        try:
            engine = ENGINES[name]()
        except Problem as problem:
            print(f"{name}: {problem}")
            continue
        print(f"\n{engine.name}\n{'':20}{'printed':>18}{'':>14}{'handwritten font':>18}")
        print(f"{'':20}" + f"{'clean':>14}{'photographed':>18}" * 2)
        for language, lines in pages.WORDS.items():
            cells = [rates(engine, lines, font) for font in (pages.PRINTED, pages.HANDWRITTEN[language])]
            print(f"{language:20}" + "".join(f"{clean:>14.1%}{shot:>18.1%}" for clean, shot in cells))


def rates(engine: Engine, lines: tuple[str, ...], font: object) -> tuple[float, float]:
    """The error rate of the clean page, and the mean over the photographs."""
    sheet, truth = pages.page(lines, pages.Path(str(font))), "\n".join(lines)
    shots = [pages.photographed(sheet, seed) for seed in range(SHOTS)]
    clean, *shot = [
        pages.error_rate(truth, "\n".join(piece.text for piece in group_lines(engine.lines(picture)))) for picture in (sheet, *shots)
    ]
    return clean, sum(shot) / len(shot)


if __name__ == "__main__":
    main()
