"""Consent for sending text to other machines: one consent per endpoint, and a log of every request that was sent."""

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

Confirm = Callable[[str], bool]


@dataclass(frozen=True)
class Purpose:
    """A purpose of sending; consent to one purpose does not cover another.

    name: under which consent is stored, after the endpoint's name.
    what: what the model would do with the text. always: what would be sent each time from then on.
    """

    name: str
    what: str
    always: str


ANSWERS = Purpose("", "put the lines into words", "lines like these at every such question")
DRAFTS = Purpose("drafts", "draft the next lines", "the end of a note and such lines at every draft")


def consent(
    endpoint: Endpoint, payload: str, folder: Path, confirm: Confirm | None, *, once: bool = False, purpose: Purpose = ANSWERS
) -> None:
    """Returns if the payload may be sent: to this machine, or to an endpoint with consent, given now or earlier.

    payload: the complete request, as shown to the user.
    folder: the folder of `consents.json`.
    confirm: shows a text and returns whether the user agrees; None if nobody can be asked.
    once: consent for this time only, without asking or storing.
    Raises Problem without consent. A refusal is not stored, so that the user is asked again next time.
    """
    if endpoint.local or once:
        return
    given, named = consents(folder), f"{endpoint.name} {purpose.name}".strip()
    if named in given:
        return
    if confirm is None:
        raise Problem(
            f"nothing was sent to {endpoint.name}, which is another machine: there is no consent yet, "
            "and nobody can be asked here; --yes-send gives consent for this time"
        )
    question = (
        f"{endpoint.name} is another machine. To {purpose.what}, the request below would be sent there now, "
        f"and after your consent {purpose.always}. {folder / 'sent.jsonl'} records everything that is sent, "
        f"{folder / 'consents.json'} your consent, until you delete it.\n\n{payload}"
    )
    if not confirm(question):
        raise Problem(f"nothing was sent to {endpoint.name}, as you declined")
    given[named] = datetime.now().astimezone().isoformat(timespec="seconds")
    _write(folder / "consents.json", json.dumps(given, indent=1, ensure_ascii=False) + "\n")


def consents(folder: Path) -> dict[str, str]:
    """The endpoints with consent, and since when. Raises Problem if the file is damaged."""
    path = folder / "consents.json"
    try:
        given: object = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return {}
    except (OSError, ValueError, RecursionError) as error:
        raise Problem(f"{path} cannot be read ({error}); delete it to be asked again") from None
    if not isinstance(given, dict) or not all(isinstance(value, str) and value for value in cast("dict[str, object]", given).values()):
        raise Problem(f"{path} is not a list of endpoints; delete it to be asked again")
    return cast("dict[str, str]", given)


def record(endpoint: Endpoint, body: dict[str, Any], folder: Path) -> None:
    """Logs a request before it is sent to another machine. Raises Problem if that fails."""
    if endpoint.local:
        return
    entry = {"when": datetime.now().astimezone().isoformat(timespec="seconds"), "to": endpoint.url, "body": body}
    path = folder / "sent.jsonl"
    try:
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        with os.fdopen(os.open(path, os.O_RDWR | os.O_APPEND | os.O_CREAT, 0o600), "ab+") as file:
            cut = file.seek(0, os.SEEK_END) and os.pread(file.fileno(), 1, file.tell() - 1) != b"\n"  # a line cut by a kill
            file.write(b"\n" * cut + json.dumps(entry, ensure_ascii=False).encode() + b"\n")
    except OSError as error:
        raise Problem(f"nothing was sent to {endpoint.name}, because {path} cannot be written ({error})") from None


def sent(folder: Path) -> tuple[list[dict[str, Any]], int]:
    """All requests sent to other machines (`when`, `to`, `body`), the oldest first, and the number of unreadable entries, as after a kill.

    Raises Problem if the file cannot be read.
    """
    path, found = folder / "sent.jsonl", list[dict[str, Any]]()
    try:
        lines = [line for line in path.read_bytes().split(b"\n") if line]  # bytes: str.splitlines would split inside of entries
    except FileNotFoundError:
        return [], 0
    except OSError as error:
        raise Problem(f"{path} cannot be read ({error})") from None
    for line in lines:
        with contextlib.suppress(ValueError, TypeError, KeyError, RecursionError):
            entry = json.loads(line)
            when, to, messages = entry["when"], entry["to"], entry["body"]["messages"]
            named = isinstance(when, str) and isinstance(to, str)
            if named and isinstance(messages, list) and all(isinstance(message, dict) for message in cast("list[object]", messages)):
                found.append({"when": when, "to": to, "body": entry["body"]})
    return found, len(lines) - len(found)


def _write(path: Path, text: str) -> None:
    """Writes a file atomically, readable by its owner only."""
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
