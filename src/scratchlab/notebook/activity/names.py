"""Which names of flags, variables and settings denote a secret."""

from __future__ import annotations

import re
from functools import lru_cache

_STRONG = (
    "password",
    "passwd",
    "passphrase",
    "secret",
    "apikey",
    "accesskey",
    "appkey",
    "authkey",
    "secretkey",
    "privatekey",
    "token",
    "credential",
    "credentials",
)
_ALONE = frozenset(
    {"pass", "pwd", "passcode", "auth", "authorization", "bearer", "cookie", "cookies", "pat", "sas", "key", "pw", "psw", "pin", "otp"}
    | {f"{what}pass" for what in ["db", "my", "user", "root", "ssh", "ftp", "pg", "smtp", "mail", "imap", "ldap", "proxy", "key", "store"]}
)
_PASSWORDS = frozenset({"password", "passwd", "passphrase"})
_PLURAL = frozenset({"passwords", "secrets"})
_OF_KEYS = frozenset(
    [
        "access",
        "account",
        "admin",
        "api",
        "app",
        "auth",
        "client",
        "consumer",
        "deploy",
        "encryption",
        "encrypt",
        "host",
        "hmac",
        "jwt",
        "license",
        "master",
        "private",
        "secret",
        "service",
        "session",
        "shared",
        "signing",
        "ssh",
        "ssl",
        "storage",
        "subscription",
        "tls",
        "user",
        "wandb",
        "hf",
        "openai",
        "anthropic",
        "aws",
        "azure",
        "gcp",
    ]
)
_OF_TOKENS = frozenset(["access", "api", "auth", "bearer", "hf", "refresh", "user", "github", "gitlab", "wandb"])
_NOT_TOKENS = frozenset(
    ["pad", "eos", "bos", "unk", "sep", "cls", "mask", "image", "special", "start", "end", "stop", "per", "new", "audio", "blank"]
)
_NOT_PASSES = frozenset(["forward", "backward", "single", "multi", "n", "num", "one", "two", "first", "second", "per"])
_ADDRESS = frozenset({"sig", "signature", "code", "hmac", "credential", "nonce", "sv"})
_TRAILING = frozenset({"base", "value", "string", "str", "text", "plain", "raw"})
_HASHES = frozenset(
    [
        "id",
        "run",
        "commit",
        "sha",
        "sha1",
        "sha256",
        "hash",
        "rev",
        "revision",
        "digest",
        "checksum",
        "md5",
        "experiment",
        "trial",
        "parent",
        "resume",
        "ckpt",
        "checkpoint",
    ]
)

SPOKEN = ("密码", "密碼", "口令", "密钥", "密鑰", "令牌", "비밀번호", "비번", "암호", "토큰", "パスワード")
"""Names of secrets in Chinese, Korean and Japanese: passwords, keys, tokens."""


def _split(name: str) -> list[str]:
    """Splits a name: `--hfToken_2` -> ["hf", "token"], in lower case, without trailing numbers and words such as `value`."""
    apart = re.sub(r"(?<=[a-z0-9])(?=[A-Z])", " ", name.rsplit("/", 1)[-1])
    parts = [part.rstrip("0123456789") or part for part in re.split(r"[^a-z0-9]+", apart.lower()) if part]
    while len(parts) > 1 and (parts[-1] in _TRAILING or parts[-1].isdigit()):
        parts.pop()
    return parts


@lru_cache(4096)  # the same names recur
def secret(name: str, *, address: bool = False) -> bool:
    """Whether the value of this flag, variable or setting is a secret; address: whether the name is a URL's query parameter.

    >>> [secret(name) for name in ("--hf-token", "AWS_SECRET_ACCESS_KEY", "--max-tokens", "--tokenizer", "data.key", "--pad-token")]
    [True, True, False, False, False, False]
    """
    if name in ("PWD", "OLDPWD"):
        return False
    if name.rstrip("_0123456789").endswith(SPOKEN):
        return True
    parts = _split(name)
    if not parts:
        return False
    last, before = parts[-1], parts[-2] if len(parts) > 1 else ""
    if (last == "token" and before in _NOT_TOKENS) or (last == "pass" and before in _NOT_PASSES):
        return False
    if last in ("key", "keys"):
        return before in _OF_KEYS or (last == "key" and (not before or name.isupper()))  # X_KEY: usual for environment variables
    if last == "tokens":
        return before in _OF_TOKENS
    turned = parts[0] in _PASSWORDS or (parts[0] == "token" and last in _OF_TOKENS)  # PASSWORD_DB, TOKEN_HF
    return turned or last in _ALONE or last in _PLURAL or last.endswith(_STRONG) or (address and last in _ADDRESS)


def bare_secret(word: str) -> bool:
    """Whether a word of several parts names a secret, as in `aws configure set aws_secret_access_key X`; single words may be prose."""
    return bool(re.fullmatch(r"(?:.*[/:])?[A-Za-z_.-]+", word)) and len(_split(word)) > 1 and secret(word)


def identifies(name: str) -> bool:
    """Whether a name denotes something identified by a hash (a run, a commit, a file), and no secret.

    >>> [identifies(name) for name in ("--run-id", "commit", "--api-key")]
    [True, True, False]
    """
    parts = _split(name)
    return bool(parts) and parts[-1] in _HASHES and not secret(name)
