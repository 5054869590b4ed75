"""Generated pages, which are updated in place and in which the user's text is safe.

    generated text
    %% made by scratchlab 1f2e3d4c5b6a %%
    %% below this line is yours %%
    the user's text

Both lines are Obsidian comments, invisible in reading mode. Everything below the second is kept byte for byte. The first contains a hash of
the text above it, by which edits of that text are detected: such a page is left as it is, and `scratchlab day` shows the difference to the
page as it would be. It is not written to a second file, which would appear twice in every search of the vault and soon be outdated. To have
the page generated again, delete the text above the line.
"""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from scratchlab.checks import Problem
from scratchlab.notebook.vault import own
from scratchlab.notebook.writing import disk
from scratchlab.notebook.writing.notes import TIMES, diff

MARK = own.MARK.encode()
_MARK = re.compile(rb"^" + re.escape(MARK) + rb"(?=[ \t]*(?:\r?\n|\Z))", re.MULTILINE)
_SEAL = re.compile(rb"^%% made by scratchlab ([0-9a-f]{12}) %%\n\Z", re.MULTILINE)


@dataclass(frozen=True)
class Page:
    """The result for a page; `edited`: the page was left as the user edited it, and `shown` is the diff that was not applied."""

    path: Path
    became: Literal["written", "unchanged", "edited"]
    shown: str = ""


def write(path: Path, generated: str) -> Page:
    """Creates or updates a page, keeping the user's part. Raises Problem if it cannot be written."""
    for _ in range(TIMES):
        try:
            if not path.exists():
                disk.create(path, _with_marks(generated) + b"\n")
                return Page(path, "written")
            old = disk.read(path)
            mark = _MARK.search(old)
            above, below = (old[: mark.start()], old[mark.end() :]) if mark else (old, b"\n")
            new = _with_marks(generated) + below
            if _edited(above):
                return Page(path, "edited", diff(old, new, str(path), names=("as edited", "as it would be")))
            if new == old:
                return Page(path, "unchanged")
            disk.replace(path, old, new)
            return Page(path, "written")
        except disk.Changed:
            continue
    raise Problem(f"{path} was changed by another program in each of {TIMES} attempts; it is left as that program wrote it.")


def _with_marks(generated: str) -> bytes:
    body = generated.rstrip("\n").encode() + b"\n\n"
    return body + b"%% made by scratchlab " + _hash(body) + b" %%\n" + MARK


def _edited(above: bytes) -> bool:
    """Whether the part above the line was edited: it is neither empty nor as generated, ignoring line ends and a byte order mark."""
    plain = above.removeprefix(b"\xef\xbb\xbf").replace(b"\r\n", b"\n")
    seal = _SEAL.search(plain)
    return bool(plain.strip()) and not (seal and _hash(plain[: seal.start()]) == seal[1])


def _hash(body: bytes) -> bytes:
    return hashlib.sha256(body).hexdigest()[:12].encode()
