"""Command lines without their secrets: a pure function, applied before anything is written or shown.

Of a command line, four kinds of words are replaced by REDACTED:

* what follows, or is assigned to, a name that means a secret (`names.py`): `--api-key X`, `--token=X`, `API_KEY=X`, `-p X`;
* what stands in a header of authorization, and what an address carries as user, password or signature;
* what has the shape of a known kind of token, wherever it stands (`shapes.py`);
* long words that look drawn by lot, unless they are hashes of git, paths or the keys of runs (`shapes.py`).

Where it is not sure, it takes away too much: a lost `--pad` is a nuisance, a kept password is not taken back.
"""

from __future__ import annotations

import re
import shlex
from collections.abc import Sequence

from scratchlab.notebook.activity import names, shapes

MASK = "REDACTED"
LONGEST = 2000  # characters kept of a command; the program and what it was asked stand at its beginning

_ASSIGNED = re.compile(r"([-+~]*[A-Za-z_][\w.\-/@]*)([=:])(.*)", re.DOTALL)
_FLAG = re.compile(r"--?[A-Za-z][\w.\-]*")
_LONG_FLAG = re.compile(r"--[a-z][a-z0-9\-_]*(=.*)?", re.DOTALL)
_PORT = re.compile(r"[\d.:]{1,11}")
_USER = re.compile(r"[^\s:/@]+:.+", re.DOTALL)
_INNER = re.compile(
    r"""(?P<name>(?<![\w-])(?:-{1,2}|["'])?[A-Za-z_][\w.\-]*["']?)(?P<by>\s*[=:]\s*|\s+)(?P<value>"[^"]*"|'[^']*'|[^\s"',;&)}\]]+)"""
)
_HEADER = re.compile(r"(?i)\b((?:proxy-)?authorization|(?:set-)?cookie|x-[\w-]*(?:key|token|auth|secret))(\s*[:=]\s*)[^\"'\n]+")
_SCHEME = re.compile(r"(?i)\b(bearer|basic)(\s+)(?=\S*[\d=._-]|\S{12})[^\s\"']+")
_LOGIN = re.compile(r"(?P<scheme>[A-Za-z][\w+.\-]*://)(?P<who>[^\s\"'/?#@:]*)(?P<pass>:[^\s\"']*)?@")
_QUERY = re.compile(r"([?&;#])([\w.\-%]+)=([^&#\s\"']*)")
_PLAIN_USERS = ("ssh", "sftp", "git+ssh", "rsync", "scp", "ftp", "svn+ssh")


def command(argv: Sequence[str]) -> str:
    """The command as it may be written: words quoted as for a shell, secrets replaced by REDACTED, cut after 2,000 characters.

    >>> command(["python", "train.py", "--lr", "3e-4", "--hf-token", "abc", "wandb.api_key=def"])
    'python train.py --lr 3e-4 --hf-token REDACTED wandb.api_key=REDACTED'
    """
    shown = " ".join(shlex.quote(word) for word in _words(argv))
    return shown if len(shown) <= LONGEST else shown[:LONGEST] + " …"


def text(line: str) -> str:
    """A line of free text, such as the last of a log, without its secrets."""
    return _inside(line)


def path(name: str) -> str:
    """A path without known tokens: it is kept as it stands otherwise, for it must lead to its file."""
    return shapes.KNOWN.sub(MASK, _addresses(name))


def _words(argv: Sequence[str]) -> list[str]:
    program = argv[0].rsplit("/", 1)[-1] if argv else ""
    shown: list[str] = []
    for at, word in enumerate(argv):
        before = argv[at - 1] if at else ""
        shown.append(MASK if at and _is_value(program, before, word) else _word(program, before, word))
    return shown


def _is_value(program: str, before: str, word: str) -> bool:
    """Whether this word is what a secret's flag, or a secret's bare name, is given."""
    if not _FLAG.fullmatch(before):
        return (before == "login" and not word.startswith("-")) or names.bare_secret(before)
    if before == "-p":
        return program in names.TAKE_P or not _PORT.fullmatch(word)
    if before == "-a":
        return program == "redis-cli"
    return names.secret(before) and not _LONG_FLAG.fullmatch(word)


def _word(program: str, before: str, word: str) -> str:
    """One word, which is not as a whole a secret."""
    if before in ("-u", "--user", "--proxy-user", "-U") and _USER.fullmatch(word):
        return f"{word.partition(':')[0]}:{MASK}"
    if program in names.TAKE_P and re.match(r"-p.", word) and not word.startswith("--"):
        return f"-p{MASK}"
    if found := _ASSIGNED.fullmatch(word):
        name, by, value = found.groups()
        if value and names.secret(name):
            return f"{name}{by}{MASK}"
        if names.identifies(name) and shapes.is_hash(value):
            return word
    return word if names.identifies(before) and shapes.is_hash(word) else _inside(word)


def _inside(word: str) -> str:
    """A word, or a line of a shell or of Python that one word holds, without what secrets stand within it."""
    word = _HEADER.sub(rf"\1\2{MASK}", word)
    word = _SCHEME.sub(rf"\1\2{MASK}", word)
    word = _addresses(word)
    word = shapes.KNOWN.sub(MASK, word)
    return shapes.without_random(_assigned_inside(word), MASK)


def _assigned_inside(word: str) -> str:
    """`name = value`, `name: value` and `--name value`, of which a word such as that of `sh -c` may hold many."""
    shown: list[str] = []
    at = 0
    while found := _INNER.search(word, at):
        name, by, value = found["name"], found["by"], found["value"]
        flag = name.startswith("-")
        p = name == "-p" and not _PORT.fullmatch(value)
        told = by.strip() or (flag and not _LONG_FLAG.fullmatch(value)) or names.bare_secret(name)
        if told and (names.secret(name.strip("\"'")) or p) and value.strip("\"'") != MASK:
            shown += [word[at : found.start("value")], MASK]
            at = found.end()
        else:  # the value may itself begin an assignment
            end = found.start("value") if found.start("value") > at else found.end()
            shown.append(word[at:end])
            at = end
    return "".join([*shown, word[at:]])


def _addresses(word: str) -> str:
    """Addresses without users' passwords, and without the tokens and signatures of their queries."""
    if "://" in word:
        word = _LOGIN.sub(_login, word)
    if "=" in word:
        word = _QUERY.sub(lambda found: f"{found[1]}{found[2]}={MASK}" if names.secret(found[2], address=True) else found[0], word)
    return word


def _login(found: re.Match[str]) -> str:
    scheme, who, said = found["scheme"], found["who"], found["pass"]
    if said is not None:
        return f"{scheme}{who}:{MASK}@"
    plain = scheme[:-3].lower() in _PLAIN_USERS or not who
    return f"{scheme}{who}@" if plain else f"{scheme}{MASK}@"
