"""How well photographed scratch papers are read: character error rates by engine, language, hand and light.

    python studies/scratch_papers.py [ENGINE]...

Pages of eight lines with known words, in a printed font and in one drawn by hand, clean and photographed (three different shots each). The
error rate is the edit distance between what stands there and what was read, in characters without spaces, of the whole page.
Fonts drawn by hand are easier than a hand: take these rates as the best that can be hoped for.
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
    """Prints a table an engine."""
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
    """Of the clean page, and the mean over the shots."""
    sheet, truth = pages.page(lines, pages.Path(str(font))), "\n".join(lines)
    shots = [pages.photographed(sheet, seed) for seed in range(SHOTS)]
    clean, *shot = [
        pages.error_rate(truth, "\n".join(piece.text for piece in group_lines(engine.lines(picture)))) for picture in (sheet, *shots)
    ]
    return clean, sum(shot) / len(shot)


if __name__ == "__main__":
    main()
