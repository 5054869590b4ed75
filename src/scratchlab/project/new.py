"""Makes a project folder from the templates beside this file; `templates/recipes/` has one recipe for each question."""

from __future__ import annotations

import importlib.util
import keyword
import os
import re
import shutil
from collections.abc import Mapping
from pathlib import Path

import jinja2

from scratchlab import shelf
from scratchlab.checks import Problem, listing, nearest
from scratchlab.project import QUESTIONS, TEMPLATES

FILES = {  # file of the project -> its template
    "README.md": "README.md.j2",
    "data.md": "data.md.j2",
    "recipes/{name}.toml": "recipes/{question}.toml.j2",
    "runs/.gitignore": "gitignore.j2",
}
PACKAGE = {
    "pyproject.toml": "pyproject.toml.j2",
    "src/{module}/__init__.py": "init.py.j2",
    "src/{module}/method.py": "method.py.j2",
    "tests/test_method.py": "test_method.py.j2",
}
IMAGES = {"src/{module}/images.py": "images.py.j2"}


def make(folder: Path, question: str = "images", *, method: bool = False) -> list[str]:
    """Makes the folder of a project, whose name is the last part of its path, and returns its files, relative to it.

    method: also a package with a method and, unless the question is of sound, a source of images. Raises Problem, with nothing written, for
    a name or question that does not fit, and where the folder is not empty.
    """
    name, module = folder.name, folder.name.replace("-", "_")
    if question not in QUESTIONS:
        raise Problem(f"There is no question '{question}'; there are: {listing(QUESTIONS)}.{nearest(question, QUESTIONS)}")
    _check_name(folder, module)
    if method:
        _check_module(name, module)
    if folder.exists() and not (folder.is_dir() and not any(folder.iterdir())):
        raise Problem(f"{folder} exists and is not an empty folder; choose another name.")
    sound = question == "keywords"
    variables = {"name": name, "module": module, "question": question, "method": method, "sound": sound}
    variables["class_name"] = "".join(part.capitalize() for part in module.split("_"))
    files = FILES | (PACKAGE if method else {}) | (IMAGES if method and not sound else {})
    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader(TEMPLATES),
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
        undefined=jinja2.StrictUndefined,
    )
    texts = {
        path.format_map(variables): environment.get_template(template.format_map(variables)).render(variables)
        for path, template in files.items()
    }
    try:
        _write(folder, texts)
    except OSError as error:
        raise Problem(f"{folder} cannot be made: {os.strerror(error.errno or 0).lower()} ({error.filename}).") from error
    return sorted(texts)


def _check_name(folder: Path, module: str) -> None:
    if not re.fullmatch(r"[a-z][a-z0-9]*([-_][a-z0-9]+)*", folder.name) or keyword.iskeyword(module):
        raise Problem(
            f"'{folder}' does not end in a name that fits a project: lower-case letters, digits and hyphens, a letter first, and not a "
            "keyword of Python, as in my-words."
        )
    if folder.name in shelf.recipes():
        raise Problem(f"'{folder.name}' is the name of a recipe already; choose another, such as my-{folder.name}.")


def _check_module(name: str, module: str) -> None:
    """Raises Problem where a package or a method of this name is installed."""
    from scratchlab.pipeline import SECTIONS  # imported here, since it loads torch

    spec = importlib.util.find_spec(module)
    if (spec and spec.origin) or module in getattr(SECTIONS["method"], "parts", ()):
        raise Problem(f"A package or a method named '{module}' is installed already; choose another name, such as my-{name}.")


def _write(folder: Path, texts: Mapping[str, str]) -> None:
    """Writes all files into a temporary sibling, which then becomes the folder."""
    temporary = folder.with_name(f".{folder.name}.{os.getpid()}.part")
    try:
        for path, text in texts.items():
            (temporary / path).parent.mkdir(parents=True, exist_ok=True)
            (temporary / path).write_text(text, encoding="utf-8")
        temporary.replace(folder)
    finally:
        shutil.rmtree(temporary, ignore_errors=True)
