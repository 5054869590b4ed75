"""Command lines without their secrets: a pure function, applied before anything is written or shown.

Of a command line, five kinds of words are replaced by REDACTED:

* what follows, or is assigned to, a name that means a secret (`names.py`): `--api-key X`, `--token=X`, `API_KEY=X`, `-p X`;
* what a program takes as a secret without a name that says so (`passwords.py`): `zip -P X`, `curl -uu:X`, `wandb login X`;
* what stands in a header of authorization, and what an address carries as user, password or signature;
* what has the shape of a known kind of token, wherever it stands (`shapes.py`);
* long words that look drawn by lot, unless they are hashes of git, paths or the keys of runs (`shapes.py`).

Where it is not sure, it takes away too much: a lost `--pad` is a nuisance, a kept password is not taken back.

A command line may be megabytes long, and whatever somebody wrote: each pattern here begins where no other try has, and takes what it has
read, so that the time grows with the length and not with its square.
"""

from __future__ import annotations

import re
import shlex
from collections.abc import Sequence

from scratchlab.notebook.activity import names, passwords, shapes

MASK = "REDACTED"
LONGEST = 2000  # characters kept of a command; the program and what it was asked stand at its beginning

_ASSIGNED = re.compile(r"([-+~]*[^\W\d][\w.\-/@]*)([=:：＝])(.*)", re.DOTALL)
_FLAG = re.compile(r"--?[^\W\d][\w.\-]*")
_LONG_FLAG = re.compile(r"--[a-z][a-z0-9\-_]*(=.*)?", re.DOTALL)
_PORT = re.compile(r"[\d.:]{1,11}")
_WORDS = re.compile(r"""(?P<end>[;|&\n()`]+)|(?P<word>(?:"[^"]*"|'[^']*'|\\.|[^\s;|&()`"'\\])+)|["'\\]""", re.DOTALL)
_NAMED = re.compile(
    r"""(?P<name>(?<![\w.-])(?:-*+|\\?["'])[\w.][\w.\-]*+(?:\\?["'])?)(?P<by>\s*+(?:\]\s*+)?[=:：＝]\s*+|\s*+,\s*+(?=["'])|\s++(?:<<<\s*+)?)"""
)
_QUOTED = r"""\\"[^"]*+(?:"|$)|"(?:\\.|[^"\\])*+(?:"|$)|'[^']*+(?:'|$)"""
_VALUE = re.compile(rf"""(?:{_QUOTED}|\\.|[^\s"',;&)}}\]\\])++""", re.DOTALL)
_SHELL_VALUE = re.compile(rf"""(?:{_QUOTED}|\\.|[^\s"';&\\])++""", re.DOTALL)  # of `name=value`, which a comma does not end
_SPOKEN = re.compile(rf"(?:{'|'.join(names.SPOKEN)})(?:은|는|이|가|是|为|為|は)?(?P<by>\s*[:：=＝]\s*|\s*)(?P<value>[!-~]+)")
_HEADER = re.compile(r"(?i)(?<![\w-])((?:proxy-)?authorization|(?:set-)?cookie|x-[\w-]*(?:key|token|auth|secret))(\s*[:=]\s*)[^\"'\n]+")
_SCHEME = re.compile(r"(?i)\b(bearer|basic)(\s++)(?=\S*[\d=._-]|\S{12})[^\s\"']+")
_ADDRESS = re.compile(r"[^\s\"']++")
_WHO = re.compile(r"://(?P<who>[^/?#@:]*+)(?P<sign>[@:])")
_BARE_LOGIN = re.compile(r"(?<![\w.+:/@-])([\w.+-]{1,64}:)[^\s:@/\"']{1,256}@(?!sha256:)(?=\w)")
_QUERY = re.compile(r"([?&;#])([\w.\-%]+)=([^&#\s\"']*)")
_PIPED = re.compile(
    r"(\b(?:echo|printf)\s+)([^|\n]{1,300})(?=\|\s*(?:sudo\b[^|\n]{0,40}-S|(?:sudo\s+)?chpasswd|[^|\n]{0,300}(?:stdin|--with-token|passphrase-fd)))"
)
_PLAIN_USERS = ("ssh", "sftp", "git+ssh", "rsync", "scp", "ftp", "svn+ssh")


def command(argv: Sequence[str]) -> str:
    """The command as it may be written: words quoted as for a shell, secrets replaced by REDACTED, cut after 2,000 characters.

    >>> command(["python", "train.py", "--lr", "3e-4", "--hf-token", "abc", "wandb.api_key=def"])
    'python train.py --lr 3e-4 --hf-token REDACTED wandb.api_key=REDACTED'
    """
    shown = shlex.join(_words(argv))
    return shown if len(shown) <= LONGEST else shown[:LONGEST] + " …"


def text(line: str) -> str:
    """A line of free text, such as the last of a log, without its secrets."""
    return _inside(line)


def path(name: str) -> str:
    """A path without known tokens: it is kept as it stands otherwise, for it must lead to its file."""
    return shapes.KNOWN.sub(MASK, _addresses(name))


def _words(argv: Sequence[str]) -> list[str]:
    shown: list[str] = []
    line, before, length = passwords.Line(), "", 0
    for at, word in enumerate(argv):
        if length > LONGEST:  # the rest is cut
            break
        least = line.shown(word)
        if at and (least == 0 or _is_value(argv[at - 2] if at > 1 else "", before, word)):
            shown.append(MASK)
        else:
            shown.append(_word(before, word) if least is None else word[:least] + MASK)
        before, length = word, length + len(shown[-1]) + 1
    return shown


def _is_value(name: str, before: str, word: str) -> bool:
    """Whether this word is what a secret's flag, or a secret's bare name, is given: `--token X`, `token: X`, `token = X`."""
    if before in ("=", ":") or before.endswith(("=", ":")):
        return names.secret(before[:-1] or name)
    if not _FLAG.fullmatch(before):
        return (before == "login" and not word.startswith("-")) or names.bare_secret(before)
    if before == "-p":
        return not _PORT.fullmatch(word)
    return names.secret(before) and not _LONG_FLAG.fullmatch(word)


def _word(before: str, word: str) -> str:
    """One word, which is not as a whole a secret."""
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
    word = _SPOKEN.sub(_spoken, word)
    word = _taken(_PIPED.sub(rf"\1{MASK} ", word)) if " " in word else word
    return shapes.without_random(_assigned_inside(word), MASK)


def _taken(line: str) -> str:
    """A line of a shell, and the lines that are quoted in it, without what its programs take as secrets."""
    shown: list[str] = []
    read, at = passwords.Line(), 0
    for found in _WORDS.finditer(line):
        if found["end"]:
            read.end()
        elif found["word"] and (least := read.shown(found["word"])) is not None:
            shown += [line[at : found.start() + least], MASK]
            at = found.end()
        elif (word := found["word"]) and word[0] == word[-1] and word[0] in "\"'" and " " in word:
            shown += [line[at : found.start() + 1], _taken(word[1:-1])]  # shorter each time, for quotes of two kinds alternate
            at = found.end() - 1
    return "".join([*shown, line[at:]])


def _assigned_inside(word: str) -> str:
    """`name = value`, `name: value` and `--name value`, of which a word such as that of `sh -c` may hold many."""
    shown: list[str] = []
    at, begin = 0, 0
    while found := _NAMED.search(word, begin):
        begin = found.end()
        name, by = found["name"], found["by"]
        if not (names.secret(name.strip("\\\"'")) or name == "-p"):  # what follows may itself be a name
            continue
        pattern = _SHELL_VALUE if by == "=" and name[0] not in "\\\"'" else _VALUE
        value = pattern.match(word, begin, begin + LONGEST)  # what is told of is read to its end, what is not, no farther each time
        if value and value[0].strip("\\\"'") != MASK and _is_told(name, by.strip(), value[0]):
            value = pattern.match(word, begin) or value
            shown += [word[at:begin], MASK]
            at = begin = value.end()
    return "".join([*shown, word[at:]])


def _is_told(name: str, by: str, value: str) -> bool:
    """Whether what stands behind a secret's name, after this sign, is its value: prose names secrets, too."""
    if name == "-p" and _PORT.fullmatch(value):
        return False
    if by == ",":  # setdefault("TOKEN", "X")
        return name.strip("\\\"'").isupper() or names.bare_secret(name.strip("\\\"'"))
    return bool(by) or (name.startswith("-") and not _LONG_FLAG.fullmatch(value)) or names.bare_secret(name)


def _spoken(found: re.Match[str]) -> str:
    """`密码：X`, `비밀번호 X`: without a sign between only what has both letters and digits, for prose goes on as well."""
    value = found["value"]
    told = found["by"].strip() or (any(map(str.isalpha, value)) and any(map(str.isdigit, value)))
    return found[0][: found.start("value") - found.start()] + MASK if told else found[0]


def _addresses(word: str) -> str:
    """Addresses without users' passwords, and without the tokens and signatures of their queries."""
    if "@" in word:
        word = _BARE_LOGIN.sub(rf"\1{MASK}@", _ADDRESS.sub(_logins, word))
    if "=" in word:
        word = _QUERY.sub(lambda found: f"{found[1]}{found[2]}={MASK}" if names.secret(found[2], address=True) else found[0], word)
    return word


def _logins(found: re.Match[str]) -> str:
    """A word that holds addresses: a password reaches to the last @, for there may be some in it."""
    word, last = found[0], found[0].rfind("@")
    shown: list[str] = []
    at = 0
    for login in _WHO.finditer(word):
        if login.end() > last + 1 or login.start() < at:
            continue
        scheme = word[: login.start()].rpartition("=")[2].lower() if not shown else ""
        plain = scheme in _PLAIN_USERS or not login["who"]
        if login["sign"] == ":":
            shown += [word[at : login.end()], MASK]
            at = last
        elif not plain:
            shown += [word[at : login.start("who")], MASK]
            at = login.end() - 1
    return "".join([*shown, word[at:]])
