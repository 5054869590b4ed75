"""Lines differ in more than their colour, and the colours of both schemes are distinguishable."""

from __future__ import annotations

import re
from importlib import resources
from itertools import combinations

import numpy as np

from scratchlab.report.lines import COLOURS, DASHES, OUTLINES, SYMBOLS, look

STYLE = resources.files("scratchlab.report").joinpath("page.css").read_text(encoding="utf-8")
SIMULATED = {  # Machado, Oliveira & Fernandes (2009), IEEE TVCG 15:1291, severity 1, on linear RGB
    "protanopia": [[0.152286, 1.052583, -0.204868], [0.114503, 0.786281, 0.099216], [-0.003882, -0.048116, 1.051998]],
    "deuteranopia": [[0.367322, 0.860646, -0.227968], [0.280085, 0.672501, 0.047413], [-0.011820, 0.042940, 0.968881]],
    "none": [[1.0, 0.0, 0.0], [0.0, 1.0, 0.0], [0.0, 0.0, 1.0]],
}


def linear(colour: str) -> np.ndarray[tuple[int], np.dtype[np.float64]]:
    values = np.array([int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)])
    return np.where(values <= 0.04045, values / 12.92, ((values + 0.055) / 1.055) ** 2.4)


def lab(light: np.ndarray[tuple[int], np.dtype[np.float64]]) -> np.ndarray[tuple[int], np.dtype[np.float64]]:
    """CIE L*a*b*, whose distances approximate perceived differences."""
    to_xyz = np.array([[0.4124, 0.3576, 0.1805], [0.2126, 0.7152, 0.0722], [0.0193, 0.1192, 0.9505]])
    x, y, z = np.cbrt(to_xyz @ np.clip(light, 0, 1) / np.array([0.9505, 1.0, 1.089]))
    return np.array([116 * y - 16, 500 * (x - y), 200 * (y - z)])


def test_every_line_has_its_own_style() -> None:
    assert len(set(map(look, range(64)))) == 64
    for one, other in combinations(map(look, range(COLOURS)), 2):
        assert one.colour != other.colour
        assert one.dash != other.dash
        assert one.symbol != other.symbol


def test_the_key_can_draw_what_the_chart_draws() -> None:
    assert set(SYMBOLS) <= set(OUTLINES)
    assert len(SYMBOLS) == len(DASHES) == COLOURS
    assert len({look(place).strokes for place in range(COLOURS)}) == COLOURS


def test_colours_differ_for_colour_blind_readers_in_both_schemes() -> None:
    for scheme in (1, 2):
        colours = [linear(pair[scheme]) for pair in re.finditer(r"--head-\d: light-dark\((#\w{6}), (#\w{6})\)", STYLE)]
        assert len(colours) == COLOURS
        paper = re.search(r"--paper: light-dark\((#\w{6}), (#\w{6})\)", STYLE)
        assert paper
        weights = np.array([0.2126, 0.7152, 0.0722])
        for kind, matrix in SIMULATED.items():
            seen = [lab(np.array(matrix) @ colour) for colour in colours]
            nearest = min(float(np.linalg.norm(one - other)) for one, other in combinations(seen, 2))
            assert nearest > (30 if kind == "none" else 9), (scheme, kind, nearest)
        for colour in colours:
            dark, light = sorted(float(weights @ one) + 0.05 for one in (colour, linear(paper[scheme])))
            assert light / dark > 3  # WCAG 2.2, 1.4.11: graphical objects
