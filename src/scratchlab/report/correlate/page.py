"""The page of correlations: a heat map, a scatter plot for each cell, and a table of all values."""

from __future__ import annotations

from pathlib import Path

from scratchlab.analysis.correlate import Correlations
from scratchlab.report import shell
from scratchlab.report.correlate import figures, words
from scratchlab.report.words import number


def write(correlations: Correlations, title: str, path: Path) -> Path:
    """Writes the page; `title` is the table's name. Raises Problem if it cannot be written."""
    return shell.saved(page(correlations, title), path, "correlate.html")


def page(correlations: Correlations, title: str) -> str:
    """The complete page."""
    significant = [cell for cell in words.by_strength(correlations) if words.significant(cell)]
    context = {
        "title": title,
        "cells": words.by_strength(correlations),
        "significant": words.significant,
        "count": len(significant),
        "summary": words.summary(correlations),
        "grouped": bool(correlations.group),
        "group": ", ".join(correlations.group),
        "configured": bool(correlations.configuration),
        "number": number,
        "begin": figures.strongest(correlations),
        "has_texts": figures.has_texts(correlations),
        "meanings": words.MEANINGS,
    }
    return shell.rendered("correlate", context, figures.figures(correlations))
