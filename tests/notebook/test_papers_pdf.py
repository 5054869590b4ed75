"""PDFs: text by page and paragraph, scanned pages, and files that cannot be read."""

from __future__ import annotations

import io
from pathlib import Path

import pytest

from scratchlab.checks import Problem
from scratchlab.notebook.papers import pdf

pypdf = pytest.importorskip("pypdf", reason="needs the extra 'papers'")
Image = pytest.importorskip("PIL.Image", reason="needs the extra 'papers'")
WHERE = Path("a.pdf")


def printed(*pages: list[str]) -> bytes:
    """A PDF with these lines on its pages."""
    writer = pypdf.PdfWriter()
    for lines in pages:
        page = writer.add_blank_page(600, 800)
        said = "".join(f"({line}) Tj T* " for line in lines)
        stream = pypdf.generic.DecodedStreamObject()
        stream.set_data(f"BT /F1 12 Tf 14 TL 50 700 Td {said} ET".encode())
        font = {"/Type": "/Font", "/Subtype": "/Type1", "/BaseFont": "/Helvetica"}
        named = pypdf.generic.DictionaryObject({pypdf.generic.NameObject(k): pypdf.generic.NameObject(v) for k, v in font.items()})
        fonts = pypdf.generic.DictionaryObject({pypdf.generic.NameObject("/F1"): named})
        page[pypdf.generic.NameObject("/Resources")] = pypdf.generic.DictionaryObject({pypdf.generic.NameObject("/Font"): fonts})
        page[pypdf.generic.NameObject("/Contents")] = writer._add_object(stream)
    return whole(writer)


def whole(writer: pypdf.PdfWriter) -> bytes:
    file = io.BytesIO()
    writer.write(file)
    return file.getvalue()


def scanned(width: int = 300, height: int = 100) -> bytes:
    file = io.BytesIO()
    picture = Image.new("RGB", (width, height), "white")
    picture.paste((200, 0, 0), (0, 0, width // 2, height))
    picture.save(file, "PDF")
    return file.getvalue()


def test_paragraphs_have_their_page() -> None:
    first = ["Prototypes are means of embed-", "dings, one for each class.", "", "The base session has sixty classes and many shots."]
    found = pdf.text(printed(first, ["Second page: nothing diverged here."]), WHERE)
    assert [(piece.page, piece.text) for piece in found.pieces] == [
        (1, "Prototypes are means of embeddings, one for each class."),
        (1, "The base session has sixty classes and many shots."),
        (2, "Second page: nothing diverged here."),
    ]
    assert found.pieces[2].detail == "page 2"
    assert (found.scanned, found.broken) == ((), ())


def test_long_paragraphs_are_split_between_lines() -> None:
    lines = [f"line {i} goes on and on" for i in range(300)]
    pieces = list(pdf.paragraphs("\n".join(lines)))
    assert len(pieces) > 1
    assert max(map(len, pieces)) < pdf.MOST + 300
    assert "\n".join(pieces).split("\n") == lines


def test_a_scanned_page_is_recognized_and_its_picture_rotated() -> None:
    writer = pypdf.PdfWriter()
    writer.append(io.BytesIO(printed(["A page of text, for the contrast to the next."])))
    writer.append(io.BytesIO(scanned()))
    writer.pages[1].rotate(90)
    content = whole(writer)
    found = pdf.text(content, WHERE)
    assert found.scanned == (2,)
    assert {piece.page for piece in found.pieces} == {1}
    picture = pdf.picture(content, WHERE, 2)
    assert picture.size == (100, 300)
    red, _, blue = picture.getpixel((50, 20))  # the left half stands above, once turned to the right
    assert red > blue + 100
    assert min(picture.getpixel((50, 280))) > 200


@pytest.mark.parametrize("algorithm", ["RC4-128", "AES-256"])
def test_passwords_are_errors_unless_empty(algorithm: str) -> None:
    for password, readable in (("secret", False), ("", True)):
        writer = pypdf.PdfWriter()
        writer.append(io.BytesIO(printed(["The owner forbids to print this page."])))
        writer.encrypt(password, owner_password="owner", algorithm=algorithm)
        if readable:
            assert pdf.text(whole(writer), WHERE).pieces[0].text == "The owner forbids to print this page."
        else:
            with pytest.raises(Problem, match=r"^a\.pdf is encrypted.* save a copy without one$"):
                pdf.text(whole(writer), WHERE)


@pytest.mark.parametrize(
    "content", [b"", b"%PDF-1.7\nnothing", b"\x89PNG no pdf at all", scanned()[:200]], ids=["empty", "cut", "other", "torn"]
)
def test_broken_files_are_errors(content: bytes) -> None:
    with pytest.raises(Problem, match=r"^a\.pdf is not a readable PDF"):
        pdf.text(content, WHERE)


def test_a_broken_page_does_not_stop_the_others(monkeypatch: pytest.MonkeyPatch) -> None:
    content = printed(["The first page is whole, of course."], ["The second page is the broken one."], ["The third page is whole again."])
    sound = pypdf.PageObject.extract_text

    def broken(page: pypdf.PageObject) -> str:
        if page.page_number == 1:
            raise KeyError("/Contents")
        return sound(page)

    monkeypatch.setattr(pypdf.PageObject, "extract_text", broken)
    found = pdf.text(content, WHERE)
    assert [piece.page for piece in found.pieces] == [1, 3]
    assert [page for page, _ in found.broken] == [2]


def test_a_page_without_a_picture_is_an_error() -> None:
    with pytest.raises(Problem, match=r"no picture can be extracted from page 1"):
        pdf.picture(printed(["nothing but text"]), WHERE, 1)
