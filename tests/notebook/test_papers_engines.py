"""The engines on pages with known words, and the choice of the engine; studies/scratch_papers.py measures their accuracy."""

from __future__ import annotations

import shutil
import sys
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType

import pytest

from scratchlab.checks import Problem
from scratchlab.notebook.papers.engines import catalog, tesseract
from scratchlab.notebook.papers.engines.interface import Engine
from scratchlab.notebook.papers.engines.strips import box, cut
from scratchlab.notebook.papers.pieces import group_lines

Image = pytest.importorskip("PIL.Image", reason="needs the extra 'papers'")


@pytest.fixture(scope="module")
def pages() -> Iterator[ModuleType]:
    with pytest.MonkeyPatch.context() as patch:
        patch.syspath_prepend(str(Path(__file__).parents[2] / "studies"))
        import written_pages

        if not written_pages.PRINTED.exists():
            pytest.skip("needs the font Noto Sans CJK (Debian: fonts-noto-cjk)")
        yield written_pages
        sys.modules.pop("written_pages", None)


@pytest.fixture(scope="module")
def engines() -> dict[str, Engine | str]:
    """The installed engines; skips the others with the reason."""
    found: dict[str, Engine | str] = {}
    for name, make in catalog.ENGINES.items():
        try:
            found[name] = make()
        except Problem as problem:
            found[name] = str(problem)
    return found


def page_of(pages: ModuleType, language: str, count: int) -> tuple[Image.Image, str]:
    lines = pages.WORDS[language][:count]
    return pages.page(lines, pages.PRINTED, size=36, width=900), "\n".join(lines)


@pytest.mark.parametrize(
    ("name", "language", "shot", "at_most"),
    [
        ("rapidocr", "English", True, 0.05),
        ("rapidocr", "Chinese", True, 0.05),
        ("rapidocr+tesseract", "Korean", True, 0.15),
        ("rapidocr+tesseract", "Chinese", False, 0.05),
        ("tesseract", "English", False, 0.1),
    ],
)
def test_known_words_are_read(
    name: str, language: str, shot: bool, at_most: float, engines: dict[str, Engine | str], pages: ModuleType
) -> None:
    engine = engines[name]
    if isinstance(engine, str):
        pytest.skip(engine)
    sheet, truth = page_of(pages, language, 3)
    picture = pages.photographed(sheet, 1) if shot else sheet
    lines = engine.lines(picture)
    assert pages.error_rate(truth, "\n".join(piece.text for piece in group_lines(lines))) <= at_most
    assert language in engine.reads
    for line in lines:
        left, top, right, bottom = line.box
        assert 0 <= left < right <= picture.width
        assert 0 <= top < bottom <= picture.height
        assert 0 < line.confidence <= 1


def test_korean_keeps_its_spaces_and_position(engines: dict[str, Engine | str], pages: ModuleType) -> None:
    engine = engines["rapidocr+tesseract"]
    if isinstance(engine, str):
        pytest.skip(engine)
    sheet, truth = page_of(pages, "Korean", 1)
    (line,) = engine.lines(sheet)
    assert line.text == truth
    left, top, _, bottom = line.box
    assert abs(left - 90) < 20
    assert top > 60
    assert bottom < 160


def test_rapidocr_alone_reads_no_korean(engines: dict[str, Engine | str], pages: ModuleType) -> None:
    """Nothing is better than nonsense."""
    engine = engines["rapidocr"]
    if isinstance(engine, str):
        pytest.skip(engine)
    assert "Korean" not in engine.reads
    assert engine.lines(page_of(pages, "Korean", 1)[0]) == []


def test_an_empty_page_has_no_lines(engines: dict[str, Engine | str]) -> None:
    read = [engine.lines(Image.new("RGB", (400, 300), "white")) for engine in engines.values() if not isinstance(engine, str)]
    if not read:
        pytest.skip("no engine is installed")
    assert not any(read)


def test_without_the_program_the_next_engine_is_taken(monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("rapidocr", reason="needs the extra 'papers'")
    monkeypatch.setattr(shutil, "which", lambda name: None)
    assert "tesseract" not in catalog.best().name


def test_without_any_engine_the_error_says_how_to_install_one(monkeypatch: pytest.MonkeyPatch) -> None:
    def lacking() -> Engine:
        raise Problem("Reading pictures needs rapidocr")

    monkeypatch.setattr(catalog, "ENGINES", {"a": lacking, "b": lacking})
    with pytest.raises(Problem, match=r"^No OCR engine is installed\. Reading pictures needs rapidocr\.$"):
        catalog.best()


def test_missing_language_packs_are_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shutil, "which", lambda name: "/usr/bin/tesseract")
    monkeypatch.setattr(tesseract, "_run", lambda command: "List of languages (1):\neng\n")
    with pytest.raises(Problem, match="language packs are missing: kor, eng; on Debian: apt install"):
        tesseract.Tesseract(["kor", "eng"])


def test_a_rotated_strip_is_rectified() -> None:
    page = Image.new("RGB", (300, 200), "white")
    page.paste((0, 0, 0), (50, 80, 250, 110))
    corners = ((45.0, 115.0), (45.0, 75.0), (255.0, 75.0), (255.0, 115.0))  # its writing runs upward
    assert cut(page, corners).size == (40, 210)
    level = cut(page, ((50.0, 80.0), (250.0, 80.0), (250.0, 110.0), (50.0, 110.0)))
    assert level.size == (200, 30)
    assert max(level.convert("L").crop((3, 3, 197, 27)).getextrema()) == 0
    assert box(((-3.0, 5.5), (320.0, 1.0), (310.0, 40.0), (0.0, 44.2)), page.size) == (0, 1, 300, 45)
