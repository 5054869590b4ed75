"""Pages of ours, made again whenever there is more to tell, in which a person's words are safe.

    what is generated
    %% made by scratchlab 1f2e3d4c5b6a %%
    %% below this line is yours %%
    what a person adds

Both lines are Obsidian's comments: reading, one does not see them. What stands below the second is kept byte for byte. The first holds a
hash of what stands above it, so that an edit up there is noticed: such a page is left as it is, and the difference to what it would be is
shown, by `scratchlab day`. It is shown and not written beside, as a second page would answer every query and search of the vault twice, and
would be out of date at once. Whoever wants the page made again deletes what stands above the line.
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
    """What became of a page; `edited`: it was left as a person edited it, and `shown` is what would have changed."""

    path: Path
    became: Literal["written", "unchanged", "edited"]
    shown: str = ""


def write(path: Path, generated: str) -> Page:
    """Makes a page, or makes it again with what stands below its line. Raises Problem where it cannot be written."""
    for _ in range(TIMES):
        try:
            if not path.exists():
                disk.created(path, _made(generated) + b"\n")
                return Page(path, "written")
            old = disk.read(path)
            mark = _MARK.search(old)
            above, below = (old[: mark.start()], old[mark.end() :]) if mark else (old, b"\n")
            new = _made(generated) + below
            if _edited(above):
                return Page(path, "edited", diff(old, new, str(path), names=("as edited", "as it would be")))
            if new == old:
                return Page(path, "unchanged")
            disk.replaced(path, old, new)
            return Page(path, "written")
        except disk.Changed:
            continue
    raise Problem(f"{path} was written by another program each of {TIMES} times that it was read; it is as that left it.")


def _made(generated: str) -> bytes:
    body = generated.rstrip("\n").encode() + b"\n\n"
    return body + b"%% made by scratchlab " + _hash(body) + b" %%\n" + MARK


def _edited(above: bytes) -> bool:
    """Whether what stands above the line is neither nothing nor what was generated; line ends and a byte order mark do not count."""
    plain = above.removeprefix(b"\xef\xbb\xbf").replace(b"\r\n", b"\n")
    seal = _SEAL.search(plain)
    return bool(plain.strip()) and not (seal and _hash(plain[: seal.start()]) == seal[1])


def _hash(body: bytes) -> bytes:
    return hashlib.sha256(body).hexdigest()[:12].encode()
