"""Programs that take a secret by a program-specific flag or as a plain argument: `zip -P X`, `curl -uu:X`, `wandb login X`."""

from __future__ import annotations

import re

_TAKING = {
    "-p": "mysql mysqldump mysqladmin mysqlimport mariadb mariadb-dump sshpass mongo mongosh mongodump mongorestore 7z 7za rar unrar twine",
    "-P": "zip unzip ssh-keygen sqlcmd bcp ipmitool mosquitto_pub mosquitto_sub",
    "-N": "ssh-keygen",
    "-hp": "rar",
    "-k": "openssl",
    "-K": "openssl",
    "-w": "ldapsearch ldapadd ldapmodify ldapdelete ldappasswd ldapwhoami",
    "-a": "redis-cli http https",
    "-b": "curl",
    "-v": "kaggle",
    "/p:": "xfreerdp xfreerdp3 wfreerdp",
    "-storepass": "keytool jarsigner",
    "-keypass": "keytool jarsigner",
    "--from-literal": "kubectl",
}
FLAGS: dict[str, tuple[str, ...]] = {
    program: tuple(flag for flag, programs in _TAKING.items() if program in programs.split())
    for program in " ".join(_TAKING.values()).split()
}
"""By program, the flags that are followed by a secret, with or without a space."""

PLAIN = {
    "wandb": "login",
    "vault": "login",
    "cargo": "login",
    "clearml": "login",
    "rclone": "obscure",
    "ngrok": "authtoken",
    "heroku": "auth:token",
    "openssl": "passwd",
    "mc": "alias",
    "net": "use",
    "poetry": "http-basic.",
    "redis-cli": "auth",
    "dvc": "password",
    "htpasswd": "",
    "sqlplus": "",
    "smbclient": "",
}
"""By program, the lower-case prefix of the word after which plain arguments are secrets."""

_LOGIN_P = frozenset({"docker", "podman", "nerdctl", "helm", "az", "oras", "skopeo"})  # their -p is a password only after `login`
_NO_VALUE = frozenset(
    {"--relogin", "--verify", "--no-verify", "--cloud", "--anonymously", "-S", "-L", "-1", "-5", "-6", "-apr1", "-b", "-bc", "-B"}
)
_USER = re.compile(r"(?P<shown>[^\s:/@]+:).+", re.DOTALL)
_TOGETHER = re.compile(r"-[A-Za-z]{2,8}")  # combined one-letter flags, the last of which takes the next word
_USERS = ("-u", "-U", "--user", "--proxy-user")
_OF_CURL = re.compile(r"(?P<shown>-{1,2}[A-Za-z-]*[uU](?:ser=)?[^\s:/@=]+:).+|(?P<cert>(?:-E|--cert=?)[^\s:]+:).+", re.DOTALL)
_OF_SAMBA = re.compile(r"(?P<shown>(?:-[A-Za-z]{0,8}U|--user=)[^\s%]+%).+", re.DOTALL)
_OF_OTHERS = {"lftp": re.compile(r"(?P<shown>[^\s,]+,).+", re.DOTALL), "smbclient": re.compile(r"(?P<shown>[^\s%]+%).+", re.DOTALL)}


class Line:
    """The state while reading a command line word by word: the current program, and the previous word."""

    def __init__(self) -> None:
        self.end()

    def end(self) -> None:
        """Starts a new command, after a pipe or a semicolon."""
        self._program, self._before, self._plain, self._login = "", "", False, False

    def visible(self, word: str) -> int | None:
        """The number of characters of the next word before its secret; None if it contains no program-specific secret."""
        found = self._visible(word)
        name = word.rsplit("/", 1)[-1]
        if name in FLAGS or name in PLAIN or name in _OF_OTHERS or name == "curl" or name in _LOGIN_P:
            self._program, self._plain, self._login = name, PLAIN.get(name) == "", False
        elif (begins := PLAIN.get(self._program)) and word.lower().startswith(begins):
            self._plain = True
        self._login = self._login or (word == "login" and self._program in _LOGIN_P)
        self._before = word
        return found

    def _visible(self, word: str) -> int | None:
        flags = (*FLAGS.get(self._program, ()), *(["-p"] if self._login else []))
        if self._before in flags or (_TOGETHER.fullmatch(self._before) and f"-{self._before[-1]}" in flags):
            return 0
        for flag in flags:
            if word.startswith(flag) and word != flag and (len(flag) < 4 or word[len(flag)] in ":="):
                return len(flag) if len(flag) < 4 else len(flag) + 1
        if found := self._user(word):
            return found.end(found.lastgroup or 0)
        flagged = self._before.startswith("-") and "=" not in self._before and self._before not in _NO_VALUE
        return 0 if self._plain and not word.startswith("-") and not flagged else None

    def _user(self, word: str) -> re.Match[str] | None:
        """Matches a user name followed by a password."""
        if self._program == "smbclient" and (found := _OF_SAMBA.fullmatch(word)):
            return found
        if self._program == "curl" and (found := _OF_CURL.fullmatch(word)):
            return found
        if self._before in _USERS or (self._program == "curl" and re.fullmatch(r"-[A-Za-z]{1,9}[uU]|-E|--cert", self._before)):
            return _OF_OTHERS.get(self._program, _USER).fullmatch(word)
        return None
