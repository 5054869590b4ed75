"""Formats of known tokens, and detection of long random words.

In a random word, about 44 of 100 neighbouring characters differ in kind (lower case, upper case, digit); in names of runs, models and files
fewer than 20, as they consist of words and numbers.
"""

from __future__ import annotations

import re
from itertools import pairwise

KNOWN = re.compile(
    r"""(?x)
    -----BEGIN[ ][A-Z ]*PRIVATE[ ]KEY-----(?:.*?-----END[ ][A-Z ]*PRIVATE[ ]KEY-----|.*)
    | (?<![A-Za-z0-9]) (?:
      sk-[A-Za-z0-9_-]{12,} | (?:sk|rk|pk)_(?:live|test)_[A-Za-z0-9]{8,}
    | hf_[A-Za-z0-9]{12,} | api_org_[A-Za-z0-9]{12,} | gh[pousr]_[A-Za-z0-9]{12,} | github_pat_\w{12,} | gl(?:pat|dt|rt|cbt|ptt)-[\w-]{12,}
    | (?:AKIA|ASIA|AGPA|AIDA|AROA)[A-Z0-9]{12,} | AIza[\w-]{30,} | ya29\.[\w-]{12,} | GOCSPX-[\w-]{12,}
    | xox[a-z]-[\w-]{8,} | xapp-[\w-]{8,} | eyJ[\w-]{8,1000}\.[\w-]{4,}(?:\.[\w-]*)*
    | npm_[A-Za-z0-9]{20,} | pypi-[\w-]{16,} | nvapi-[\w-]{12,} | r8_[A-Za-z0-9]{16,} | gsk_[A-Za-z0-9]{16,} | wandb_v1_\w{12,}
    | local-[0-9a-f]{40} | dop_v1_[0-9a-f]{20,} | SG\.[\w-]{8,}\.[\w-]{8,} | lin_api_\w{12,} | ATATT[\w=-]{12,} | dckr_pat_[\w-]{12,}
    | AGE-SECRET-KEY-1[A-Z0-9]{12,} | hvs\.[\w-]{12,} | bot\d{6,}:[\w-]{20,} | \d{8,10}:AA[\w-]{30,}
    )
    | (?<=hooks\.slack\.com/services/)[\w/]+ | (?<=discord\.com/api/webhooks/)[\w/-]+ | (?<=discordapp\.com/api/webhooks/)[\w/-]+
    """,
    re.DOTALL | re.ASCII,
)

_LONG = re.compile(r"[A-Za-z0-9+/_=\-.~]{16,}")
_HEX = re.compile(r"[0-9a-f]+|[0-9A-F]+")
_STAMP = re.compile(r"\d{8}T\d{4,6}Z?")
_UUID = re.compile(r"[0-9a-fA-F]{8}(?:-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}")
_PATH = re.compile(r"(?:~|\.{1,2}|(?:/?[a-z][a-z_.\-]*))/.*|/[a-z][a-z_.\-]*\d?|.*\.[A-Za-z][A-Za-z0-9]{0,4}")
_GIT = 40  # hexadecimal digits of a commit
_SHORTEST_HEX = 24  # shorter ones are keys of runs, abbreviated commits, checksums
_SHORTEST = 16
_CHANGES, _CHANGES_ALL = 0.2, 0.3
_SHORTEST_IN_PATH, _CHANGES_IN_PATH = 20, 0.35  # stricter: folders have long names, and a redacted path is useless


def is_hash(word: str) -> bool:
    """Whether a word consists of hexadecimal digits, like commits, checksums and ids of runs."""
    return bool(_HEX.fullmatch(word) or _UUID.fullmatch(word))


def without_random(line: str, mask: str) -> str:
    """The line with random-looking words replaced by `mask`."""
    return _LONG.sub(lambda found: _masked(found[0], mask, line[max(0, found.start() - 7) : found.start()]), line)


def _masked(run: str, mask: str, before: str) -> str:
    """A run of letters and signs, with random parts masked."""
    if before.endswith("sha256:"):
        return run
    filled = len(run) - len(run.rstrip("="))  # "=" at the end is base64 padding
    names = run[: len(run) - filled].split("=")  # name=value
    return "=".join([_masked_part(part, mask) for part in names[:-1]] + [_masked_part(names[-1] + "=" * filled, mask)])


def _masked_part(run: str, mask: str) -> str:
    if len(run) < _SHORTEST or _UUID.fullmatch(run):
        return run
    if _PATH.fullmatch(run):
        return "/".join(mask if _looks_random(part, _SHORTEST_IN_PATH, _CHANGES_IN_PATH) else part for part in run.split("/"))
    return mask if _hexadecimal_key(run) or _looks_random(run, _SHORTEST, _CHANGES) or _looks_random_base64(run) else run


def _hexadecimal_key(word: str) -> bool:
    """Whether it contains a hexadecimal key, longer than those of runs and not of a commit's length."""
    parts = [part for part in re.split(r"[^A-Za-z0-9]+", word) if _HEX.fullmatch(part) and not part.isdigit()]
    return any(len(part) >= _SHORTEST_HEX and len(part) != _GIT for part in parts)


def _looks_random(word: str, shortest: int, changes: float) -> bool:
    """Whether a run of at least `shortest` letters and digits within the word looks random."""
    parts = [part for part in re.split(r"[^A-Za-z0-9]+", word) if len(part) >= shortest]
    return any(_mixed(part) and _changes(part) >= changes for part in parts if not _HEX.fullmatch(part) and not _STAMP.fullmatch(part))


def _looks_random_base64(run: str) -> bool:
    """The same for base64, which may be split into short runs by its signs."""
    letters = re.sub(r"[^A-Za-z0-9]", "", run)
    kinds = (re.search("[a-z]", letters), re.search("[A-Z]", letters), re.search("[0-9]", letters))
    return len(letters) >= _SHORTEST_HEX and all(kinds) and "." not in run and _changes(letters) >= _CHANGES_ALL


def _mixed(part: str) -> bool:
    return bool(re.search("[0-9]", part) and re.search("[A-Za-z]", part))


def _changes(letters: str) -> float:
    """The fraction of neighbouring characters of different kinds; a capital before a small letter does not count."""
    kinds = ["d" if sign.isdigit() else "u" if sign.isupper() else "l" for sign in letters]
    changed = sum(a != b and (a, b) != ("u", "l") for a, b in pairwise(kinds))
    return changed / max(1, len(kinds) - 1)
