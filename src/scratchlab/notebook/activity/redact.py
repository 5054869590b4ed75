"""Redacts secrets in command lines: a pure function, applied before anything is written or shown.

Five kinds of words in a command line are replaced by REDACTED:

* values that follow, or are assigned to, a name that denotes a secret (`names.py`): `--api-key X`, `--token=X`, `API_KEY=X`, `-p X`;
* secrets that a program takes without such a name (`passwords.py`): `zip -P X`, `curl -uu:X`, `wandb login X`;
* values of authorization headers, and user, password or signature in URLs;
* tokens of a known format, wherever they stand (`shapes.py`);
* long words that look random, unless they are git hashes, paths or keys of runs (`shapes.py`).

In case of doubt it redacts: a lost `--pad` is a nuisance, a stored password cannot be undone.

A command line may be megabytes of arbitrary text; the patterns avoid backtracking and overlapping matches, so that the time is linear in
its length.
"""

from __future__ import annotations

import re
import shlex
from collections.abc import Sequence

from scratchlab.notebook.activity import names, passwords, shapes

MASK = "REDACTED"
LONGEST = 2000  # characters kept of a command

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
_SHELL_VALUE = re.compile(rf"""(?:{_QUOTED}|\\.|[^\s"';&\\])++""", re.DOTALL)  # for `name=value`, not ended by a comma
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
    """The redacted command: words quoted as for a shell, secrets replaced by REDACTED, cut after 2,000 characters.

    >>> command(["python", "train.py", "--lr", "3e-4", "--hf-token", "abc", "wandb.api_key=def"])
    'python train.py --lr 3e-4 --hf-token REDACTED wandb.api_key=REDACTED'
    """
    shown = shlex.join(_words(argv))
    return shown if len(shown) <= LONGEST else shown[:LONGEST] + " …"


def text(line: str) -> str:
    """A redacted line of free text, such as the last line of a log."""
    return _inside(line)


def path(name: str) -> str:
    """A path without tokens of known formats; otherwise unchanged, as it must lead to its file."""
    return shapes.KNOWN.sub(MASK, _addresses(name))


def _words(argv: Sequence[str]) -> list[str]:
    shown: list[str] = []
    line, before, length = passwords.Line(), "", 0
    for at, word in enumerate(argv):
        if length > LONGEST:  # the rest is cut
            break
        visible = line.visible(word)
        if at and (visible == 0 or _is_value(argv[at - 2] if at > 1 else "", before, word)):
            shown.append(MASK)
        else:
            shown.append(_word(before, word) if visible is None else word[:visible] + MASK)
        before, length = word, length + len(shown[-1]) + 1
    return shown


def _is_value(name: str, before: str, word: str) -> bool:
    """Whether this word is the value of a secret's flag or name: `--token X`, `token: X`, `token = X`."""
    if before in ("=", ":") or before.endswith(("=", ":")):
        return names.secret(before[:-1] or name)
    if not _FLAG.fullmatch(before):
        return (before == "login" and not word.startswith("-")) or names.bare_secret(before)
    if before == "-p":
        return not _PORT.fullmatch(word)
    return names.secret(before) and not _LONG_FLAG.fullmatch(word)


def _word(before: str, word: str) -> str:
    """Redacts a word that is not a secret as a whole."""
    if found := _ASSIGNED.fullmatch(word):
        name, by, value = found.groups()
        if value and names.secret(name):
            return f"{name}{by}{MASK}"
        if names.identifies(name) and shapes.is_hash(value):
            return word
    return word if names.identifies(before) and shapes.is_hash(word) else _inside(word)


def _inside(word: str) -> str:
    """Redacts secrets within a word, which may be a whole line of shell or Python code."""
    word = _HEADER.sub(rf"\1\2{MASK}", word)
    word = _SCHEME.sub(rf"\1\2{MASK}", word)
    word = _addresses(word)
    word = shapes.KNOWN.sub(MASK, word)
    word = _SPOKEN.sub(_spoken, word)
    word = _redact_programs(_PIPED.sub(rf"\1{MASK} ", word)) if " " in word else word
    return shapes.without_random(_assigned_inside(word), MASK)


def _redact_programs(line: str) -> str:
    """Redacts program-specific secrets in a shell command, and in shell commands quoted within it."""
    shown: list[str] = []
    line_, at = passwords.Line(), 0
    for found in _WORDS.finditer(line):
        if found["end"]:
            line_.end()
        elif found["word"] and (visible := line_.visible(found["word"])) is not None:
            shown += [line[at : found.start() + visible], MASK]
            at = found.end()
        elif (word := found["word"]) and word[0] == word[-1] and word[0] in "\"'" and " " in word:
            shown += [line[at : found.start() + 1], _redact_programs(word[1:-1])]  # terminates, as the quoted text is shorter
            at = found.end() - 1
    return "".join([*shown, line[at:]])


def _assigned_inside(word: str) -> str:
    """Redacts `name = value`, `name: value` and `--name value` within a word, e.g. of `sh -c`."""
    shown: list[str] = []
    at, begin = 0, 0
    while found := _NAMED.search(word, begin):
        begin = found.end()
        name, by = found["name"], found["by"]
        if not (names.secret(name.strip("\\\"'")) or name == "-p"):  # the next word may itself be a name
            continue
        pattern = _SHELL_VALUE if by == "=" and name[0] not in "\\\"'" else _VALUE
        value = pattern.match(word, begin, begin + LONGEST)  # first a bounded match, so that the time stays linear
        if value and value[0].strip("\\\"'") != MASK and _is_secret_value(name, by.strip(), value[0]):
            value = pattern.match(word, begin) or value
            shown += [word[at:begin], MASK]
            at = begin = value.end()
    return "".join([*shown, word[at:]])


def _is_secret_value(name: str, by: str, value: str) -> bool:
    """Whether the text after a secret's name and this sign is its value, and not prose about secrets."""
    if name == "-p" and _PORT.fullmatch(value):
        return False
    if by == ",":  # setdefault("TOKEN", "X")
        return name.strip("\\\"'").isupper() or names.bare_secret(name.strip("\\\"'"))
    return bool(by) or (name.startswith("-") and not _LONG_FLAG.fullmatch(value)) or names.bare_secret(name)


def _spoken(found: re.Match[str]) -> str:
    """`密码：X`, `비밀번호 X`; without a sign in between, only values with both letters and digits, as prose may follow as well."""
    value = found["value"]
    is_secret = found["by"].strip() or (any(map(str.isalpha, value)) and any(map(str.isdigit, value)))
    return found[0][: found.start("value") - found.start()] + MASK if is_secret else found[0]


def _addresses(word: str) -> str:
    """Redacts passwords in URLs, and tokens and signatures in their queries."""
    if "@" in word:
        word = _BARE_LOGIN.sub(rf"\1{MASK}@", _ADDRESS.sub(_logins, word))
    if "=" in word:
        word = _QUERY.sub(lambda found: f"{found[1]}{found[2]}={MASK}" if names.secret(found[2], address=True) else found[0], word)
    return word


def _logins(found: re.Match[str]) -> str:
    """Redacts logins in URLs; a password extends to the last @, as it may contain that character."""
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
