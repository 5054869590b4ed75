"""Correlations as one page: a heat map, the scatter behind each cell, and everything as a table."""

from __future__ import annotations

from pathlib import Path

from scratchlab.analysis.correlate import Correlations
from scratchlab.report import shell
from scratchlab.report.correlate import figures, words
from scratchlab.report.words import number


def write(found: Correlations, called: str, path: Path) -> Path:
    """Saves the page; `called` is what the table is named. Raises Problem where it cannot be written."""
    return shell.saved(page(found, called), path, "correlate.html")


def page(found: Correlations, called: str) -> str:
    """The whole page."""
    sure = [cell for cell in words.ordered(found) if words.sure(cell)]
    about = {
        "called": called,
        "cells": words.ordered(found),
        "sure": words.sure,
        "count": len(sure),
        "facts": words.facts(found),
        "grouped": bool(found.group),
        "group": ", ".join(found.group),
        "configured": bool(found.configuration),
        "number": number,
        "begin": figures.strongest(found),
        "written": figures.written_in(found),
        "meanings": words.MEANINGS,
    }
    return shell.rendered("correlate", about, figures.figures(found))
