"""Grouping lines into pieces, and formatting and parsing their places."""

from __future__ import annotations

import pytest

from scratchlab.notebook.papers.engines.interface import Line
from scratchlab.notebook.papers.pieces import Piece, group_lines, parse_detail


def line(text: str, left: int, top: int, right: int | None = None, height: int = 20, confidence: float = 0.9) -> Line:
    return Line(text, (left, top, right or left + 200, top + height), confidence)


def test_lines_close_to_each_other_are_one_piece() -> None:
    pieces = group_lines([line("lr 3e-4", 10, 30), line("todo", 10, 0), line("far below", 10, 200)])
    assert [piece.text for piece in pieces] == ["todo\nlr 3e-4", "far below"]
    assert pieces[0].box == (10, 0, 210, 50)


def test_columns_stay_apart() -> None:
    found = group_lines([line("a1", 0, 0), line("b1", 300, 2), line("a2", 0, 30), line("b2", 300, 32)], page=3)
    assert [piece.text for piece in found] == ["a1\na2", "b1\nb2"]
    assert {piece.page for piece in found} == {3}


def test_a_heading_twice_as_high_is_its_own_piece() -> None:
    assert [piece.text for piece in group_lines([line("PLAN", 0, 0, height=60), line("a", 0, 70), line("b", 0, 95)])] == ["PLAN", "a\nb"]


def test_confidence_is_weighted_by_length() -> None:
    (piece,) = group_lines([line("x" * 90, 0, 0, confidence=1.0), line("y" * 10, 0, 25, confidence=0.0)])
    assert piece.confidence == 0.9


def test_no_lines_are_no_pieces() -> None:
    assert group_lines([]) == []


@pytest.mark.parametrize(("page", "box"), [(0, (1, 2, 30, 40)), (7, (1, 2, 30, 40)), (7, None), (0, None)])
@pytest.mark.parametrize("confidence", [0.2, 1.0])
def test_places_can_be_parsed(page: int, box: tuple[int, int, int, int] | None, confidence: float) -> None:
    piece = Piece("text", page, box, confidence)
    assert parse_detail(piece.detail) == (page, box)
    assert ("hardly legible" in piece.detail) is (confidence < 0.8)
