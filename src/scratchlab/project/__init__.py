"""A project folder of one's own: a recipe, a data card, the commands and, if wanted, a package with a method."""

from __future__ import annotations

from pathlib import Path

TEMPLATES = Path(__file__).parent / "templates"
QUESTIONS = tuple(sorted(path.name.partition(".")[0] for path in (TEMPLATES / "recipes").iterdir()))
