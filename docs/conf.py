"""Sphinx's settings: the pages of the repository and the reference from docstrings."""

import re

project = "scratchlab"
extensions = ["myst_parser", "sphinx.ext.autodoc", "sphinx.ext.viewcode"]
html_theme = "furo"
html_title = "scratchlab"
myst_enable_extensions = ["colon_fence"]
myst_heading_anchors = 3
autodoc_member_order = "bysource"
autodoc_typehints = "signature"
exclude_patterns = ["_build"]
suppress_warnings = ["myst.xref_missing", "misc.highlighting_failure"]


def _bars(app, what, name, obj, options, lines):
    """Bars in formulas, |X|², are no substitutions."""
    lines[:] = [re.sub(r"`[^`]*`|\|", lambda found: found[0] if len(found[0]) > 1 else "\\|", line) for line in lines]


def setup(app):
    """Called by Sphinx."""
    app.connect("autodoc-process-docstring", _bars)
