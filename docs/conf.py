"""Sphinx's settings: the pages of the repository and the reference from docstrings."""

import inspect
import re
import sys
from pathlib import Path

from scratchlab.recipe import settings

sys.path.insert(0, str(Path(__file__).parent))

project = "scratchlab"
extensions = ["myst_parser", "sphinx.ext.autodoc", "sphinx.ext.viewcode", "parts"]
html_theme = "furo"
html_title = "scratchlab"
myst_enable_extensions = ["colon_fence"]
myst_heading_anchors = 3
autodoc_member_order = "bysource"
autodoc_typehints = "signature"
default_role = "literal"
autosummary_generate = False
exclude_patterns = ["_build"]
suppress_warnings = ["myst.xref_missing", "misc.highlighting_failure", "ref.python"]  # types of one name in several modules


def _paragraphs(app, what, name, obj, options, lines):
    """Bars in formulas, |X|², are no substitutions; hanging lines belong to their paragraph, except in examples, lists and blocks."""
    before, example = "", False
    for place, line in enumerate(lines):
        example = line.startswith(">>>") or (example and bool(line))
        if not example and re.match(r"[^\s*-]", before):
            line = line.lstrip()
        lines[place] = before = re.sub(r"`[^`]*`|\|", lambda found: found[0] if len(found[0]) > 1 else "\\|", line)
    if described := _settings(what, obj):
        lines += ["", *(f":param {setting.name}: {setting.meaning} ({setting.type})" for setting in described)]


def _signature(app, what, name, obj, options, signature, returned):
    """Settings without their annotations, which are listed below."""
    if not (described := _settings(what, obj)):
        return None
    parameters = inspect.signature(obj).parameters.values()
    positional = [str(one.replace(annotation=one.empty)) for one in parameters if one.kind is one.POSITIONAL_OR_KEYWORD]
    more = [f"**{one.name}" for one in parameters if one.kind is one.VAR_KEYWORD]
    return f"({', '.join([*positional, '*', *(f'{setting.name}={setting.default}' for setting in described), *more])})", returned


def _settings(what, obj):
    """The settings of a part that a recipe can name, if they are described."""
    try:
        found = settings(obj) if what == "class" else []
    except Exception:  # its keyword parameters are not settings
        return []
    return found if any(setting.meaning for setting in found) else []


def setup(app):
    """Called by Sphinx."""
    app.connect("autodoc-process-docstring", _paragraphs)
    app.connect("autodoc-process-signature", _signature)
