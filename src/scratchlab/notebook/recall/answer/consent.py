"""What leaves this machine, and who allowed it: one consent an endpoint, and a log of every text that was sent."""

from __future__ import annotations

import contextlib
import json
import os
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any, cast

from scratchlab.checks import Problem
from scratchlab.notebook.recall.answer.endpoint import Endpoint

Ask = Callable[[str], bool]


@dataclass(frozen=True)
class Purpose:
    """What a text is sent for; who agreed to one has not agreed to another.

    name: by which consent is remembered, beside the endpoint's.
    what: would be done with it. always: what would be sent each time from then on.
    """

    name: str
    what: str
    always: str


ANSWERS = Purpose("", "put the lines into words", "lines like these at every such question")
DRAFTS = Purpose("drafts", "draft the next lines", "the end of a note and such lines at every draft")


def consent(endpoint: Endpoint, payload: str, kept: Path, ask: Ask | None, *, once: bool = False, purpose: Purpose = ANSWERS) -> None:
    """Returns where the payload may be sent: to this machine, or where consent was given, now or before.

    payload: all of what would be sent, as the person is shown it.
    kept: the folder of `consents.json`.
    ask: shows the person a text and says whether they agree; None where nobody can be asked.
    once: agrees for this time alone, without asking and without remembering.
    Raises Problem where there is no consent. A refusal is not remembered, so that it can be thought over.
    """
    if endpoint.local or once:
        return
    given, named = consents(kept), f"{endpoint.name} {purpose.name}".strip()
    if named in given:
        return
    if ask is None:
        raise Problem(
            f"nothing was sent to {endpoint.name}, which is not this machine: nobody has agreed to that yet, "
            "and nobody can be asked here; --yes-send agrees"
        )
    question = (
        f"{endpoint.name} is not this machine. To {purpose.what}, this would be sent there, now; "
        f"and, once you agree, {purpose.always} ({kept / 'sent.jsonl'} will hold all that was sent, "
        f"{kept / 'consents.json'} your consent, until you remove it):\n\n{payload}"
    )
    if not ask(question):
        raise Problem(f"nothing was sent to {endpoint.name}, as you wished")
    given[named] = datetime.now().astimezone().isoformat(timespec="seconds")
    _write(kept / "consents.json", json.dumps(given, indent=1, ensure_ascii=False) + "\n")


def consents(kept: Path) -> dict[str, str]:
    """Endpoints that may be sent lines, and since when. Raises Problem where the file is damaged."""
    path = kept / "consents.json"
    try:
        given: object = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return {}
    except (OSError, ValueError, RecursionError) as error:
        raise Problem(f"{path} cannot be read ({error}); delete it to be asked anew") from None
    if not isinstance(given, dict) or not all(isinstance(value, str) and value for value in cast("dict[str, object]", given).values()):
        raise Problem(f"{path} is not a list of endpoints; delete it to be asked anew")
    return cast("dict[str, str]", given)


def record(endpoint: Endpoint, body: dict[str, Any], kept: Path) -> None:
    """Writes down what is about to be sent, before it is; not of what stays on this machine. Raises Problem where that fails."""
    if endpoint.local:
        return
    entry = {"when": datetime.now().astimezone().isoformat(timespec="seconds"), "to": endpoint.url, "body": body}
    path = kept / "sent.jsonl"
    try:
        kept.mkdir(parents=True, exist_ok=True, mode=0o700)
        with os.fdopen(os.open(path, os.O_RDWR | os.O_APPEND | os.O_CREAT, 0o600), "ab+") as file:
            cut = file.seek(0, os.SEEK_END) and os.pread(file.fileno(), 1, file.tell() - 1) != b"\n"  # by a kill
            file.write(b"\n" * cut + json.dumps(entry, ensure_ascii=False).encode() + b"\n")
    except OSError as error:
        raise Problem(f"nothing was sent to {endpoint.name}, because {path} cannot be written ({error})") from None


def sent(kept: Path) -> tuple[list[dict[str, Any]], int]:
    """All that was sent to other machines, the oldest first: `when`, `to`, `body`; and how many requests cannot be read, as one that a kill
    cut short. Raises Problem where the file cannot be.
    """
    path, found = kept / "sent.jsonl", list[dict[str, Any]]()
    try:
        lines = [line for line in path.read_bytes().split(b"\n") if line]  # of bytes: a text has other ends of lines within it
    except FileNotFoundError:
        return [], 0
    except OSError as error:
        raise Problem(f"{path} cannot be read ({error})") from None
    for line in lines:
        with contextlib.suppress(ValueError, TypeError, KeyError, RecursionError):
            entry = json.loads(line)
            when, to, messages = entry["when"], entry["to"], entry["body"]["messages"]
            named = isinstance(when, str) and isinstance(to, str)
            if named and isinstance(messages, list) and all(isinstance(one, dict) for one in cast("list[object]", messages)):
                found.append({"when": when, "to": to, "body": entry["body"]})
    return found, len(lines) - len(found)


def _write(path: Path, text: str) -> None:
    """A file that only its owner may read, whole or not at all."""
    beside = path.with_name(f".{path.name}.{os.getpid()}.part")
    try:
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        with os.fdopen(os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb") as file:
            file.write(text.encode())
            file.flush()
            os.fsync(file.fileno())
        beside.replace(path)
    except OSError as error:
        raise Problem(f"nothing was sent, because {path} cannot be written ({error})") from None
    finally:
        beside.unlink(missing_ok=True)
