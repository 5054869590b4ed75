"""Each page is read once; errors are reported; boxes refer to the upright picture."""

from __future__ import annotations

import shutil
from datetime import date, datetime
from pathlib import Path

import pytest

from scratchlab.checks import Problem
from scratchlab.notebook.events import Place
from scratchlab.notebook.papers import crop, pictures, reading, to_events
from scratchlab.notebook.papers.engines.interface import Box, Line
from scratchlab.notebook.papers.page_store import PageStore

Image = pytest.importorskip("PIL.Image", reason="needs the extra 'papers'")


class Dark:
    """An engine that finds one line: the area that is not white."""

    reads = ("ink",)

    def __init__(self, name: str = "dark-1", stop_after: int = 99) -> None:
        self.name, self.stop_after = name, stop_after
        self.seen: list[tuple[int, int]] = []

    def lines(self, picture: Image.Image) -> list[Line]:
        if len(self.seen) == self.stop_after:
            raise KeyboardInterrupt
        self.seen.append(picture.size)
        box = picture.convert("L").point(lambda value: 255 * (value < 128)).getbbox()
        return [Line("a bar", box, 0.9)] if box else []


@pytest.fixture
def store(tmp_path: Path) -> PageStore:
    return PageStore(tmp_path / "own")


def drawn(path: Path, bar: Box = (10, 20, 60, 30), size: tuple[int, int] = (200, 100), **more: object) -> Path:
    picture = Image.new("RGB", size, "white")
    picture.paste((0, 0, 0), bar)
    picture.save(path, **more)
    return path


def read(paths: list[Path], engine: Dark, store: PageStore) -> list[reading.ReadSheet]:
    sheets = [sheet for path in paths for sheet in reading.sheets(path, store)]
    return [reading.read(sheet, engine, store) for sheet in reading.unread(sheets, engine, store)]


def test_no_page_is_read_twice_wherever_it_moves(tmp_path: Path, store: PageStore) -> None:
    path, engine = drawn(tmp_path / "a.png"), Dark()
    copy = Path(shutil.copy(path, tmp_path / "copy.png"))
    assert len(read([path, copy], engine, store)) == 1
    moved = path.rename(tmp_path / "b.png")
    assert read([moved, copy], engine, store) == []
    assert len(engine.seen) == 1
    assert reading.pieces(moved, store)[0].box == (10, 20, 60, 30)
    assert len(read([moved], Dark("dark-2"), store)) == 1  # another engine may know better


def test_a_changed_page_is_read_again(tmp_path: Path, store: PageStore) -> None:
    path, engine = drawn(tmp_path / "a.png"), Dark()
    read([path], engine, store)
    before = store.stamp(path)
    drawn(path, (50, 50, 150, 60))
    read([path], engine, store)
    assert reading.pieces(path, store)[0].box == (50, 50, 150, 60)
    assert store.stamp(path) != before


def test_a_kill_loses_only_the_current_page(tmp_path: Path, store: PageStore) -> None:
    paths = [drawn(tmp_path / f"{i}.png", (10, 10, 20 + i, 20)) for i in range(3)]
    with pytest.raises(KeyboardInterrupt):
        read(paths, Dark(stop_after=2), store)
    later = Dark()
    read(paths, later, PageStore(tmp_path / "own"))
    assert len(later.seen) == 1


def test_broken_pictures_are_reported_and_tried_again(tmp_path: Path, store: PageStore) -> None:
    broken = tmp_path / "broken.png"
    broken.write_bytes(b"\x89PNG\r\n\x1a\n torn")
    (seen,) = read([broken], Dark(), store)
    assert seen.refused.startswith(f"{broken} is")
    assert "save it again as PNG or JPEG" in seen.refused
    drawn(broken)
    assert read([broken], Dark(), store)[0].pieces


def test_heic_without_its_reader_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(__import__("sys").modules, "pillow_heif", None)
    with pytest.raises(Problem, match=r"^a\.HEIC is not a picture that Pillow can read here; pip install pillow-heif, or save it as JPEG$"):
        pictures.upright(b"\0\0\0\x18ftypheic" + bytes(64), Path("a.HEIC"))


def test_a_picture_too_large_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = drawn(tmp_path / "a.png")
    monkeypatch.setattr(Image, "MAX_IMAGE_PIXELS", 1000)
    with pytest.raises(Problem, match="has more than 1,000 pixels"):
        pictures.upright(path.read_bytes(), path)


def turned(path: Path) -> Path:
    """A bar near the top left, stored rotated, with EXIF orientation and time."""
    about = Image.Exif()
    about[0x0112] = 6
    about.get_ifd(0x8769)[0x9003] = "2025:04:10 21:30:12"
    upright = Image.new("RGB", (200, 100), "white")
    upright.paste((0, 0, 0), (8, 16, 56, 32))
    upright.rotate(90, expand=True).save(path, exif=about, quality=95)
    return path


def test_boxes_refer_to_the_upright_picture(tmp_path: Path, store: PageStore) -> None:
    path = turned(tmp_path / "a.jpg")
    (seen,) = read([path], Dark(), store)
    box = seen.pieces[0].box
    assert box is not None
    assert [abs(a - b) <= 1 for a, b in zip(box, (8, 16, 56, 32), strict=True)] == [True] * 4


def test_transparent_areas_are_white(tmp_path: Path) -> None:
    path = tmp_path / "a.png"
    Image.new("RGBA", (20, 20), (0, 0, 0, 0)).save(path)
    assert pictures.upright(path.read_bytes(), path).getpixel((5, 5)) == (255, 255, 255)


def test_the_time_is_from_exif_else_from_the_name(tmp_path: Path, store: PageStore) -> None:
    path = turned(tmp_path / "2024-01-01.jpg")
    read([path], Dark(), store)
    (event,) = to_events.events(path, reading.pieces(path, store), date(2025, 5, 1), "kws")
    assert event.when is not None
    assert event.when.start == datetime(2025, 4, 10, 21, 30)
    assert (event.kind, event.project) == ("paper", "kws")
    named = drawn(tmp_path / "IMG_20250411_0900.png")
    read([named], Dark(), store)
    (event,) = to_events.events(named, reading.pieces(named, store), date(2025, 5, 1))
    assert event.when is not None
    assert event.when.start == datetime(2025, 4, 11)
    silent = drawn(tmp_path / "plan.png", (1, 1, 5, 5))
    read([silent], Dark(), store)
    assert to_events.events(silent, reading.pieces(silent, store), date(2025, 5, 1))[0].when is None


def test_a_scanned_page_is_read_beside_the_text_of_the_others(tmp_path: Path, store: PageStore) -> None:
    pytest.importorskip("pypdf", reason="needs the extra 'papers'")
    path = tmp_path / "scan.pdf"
    Image.open(drawn(tmp_path / "page.png")).save(path)
    assert reading.pieces(path, store) == []
    (seen,) = read([path], Dark(), store)
    assert seen.sheet.page == 1
    assert [piece.page for piece in reading.pieces(path, store)] == [1]
    assert reading.broken(path, store) == []


def test_the_region_of_a_match_can_be_saved(tmp_path: Path, store: PageStore) -> None:
    path = turned(tmp_path / "a.jpg")
    read([path], Dark(), store)
    (event,) = to_events.events(path, reading.pieces(path, store), date(2025, 5, 1))
    with Image.open(crop.save(event.place, tmp_path / "hit.png")) as shown:
        assert abs(shown.width - (56 + 16)) <= 1  # the margin ends at the picture's edge on the left and above
        assert abs(shown.height - (32 + 16)) <= 1
        assert min(shown.convert("L").getpixel((20, 22)), 40) < 40
    with Image.open(crop.save(Place(path), tmp_path / "whole.png")) as shown:
        assert shown.size == (200, 100)
    with pytest.raises(Problem, match="is text, not a picture"):
        crop.save(Place(tmp_path / "a.pdf", detail="page 3"), tmp_path / "no.png")
