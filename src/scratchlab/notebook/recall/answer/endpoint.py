"""One request to an endpoint that speaks as OpenAI's does: Ollama, llama.cpp, LM Studio, vLLM, or one far away.

Nothing is sent but the body that is given, a key where the settings name one, and the few headers HTTP needs: no redirect is followed, for
it might lead elsewhere; a local one is not reached through a proxy; nothing is tried twice.
"""

from __future__ import annotations

import ipaddress
import json
import os
import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from scratchlab.checks import Problem, installed, listing
from scratchlab.notebook.settings import Model

if TYPE_CHECKING:
    from openai import OpenAI

SECONDS = 180  # until an answer is there; a small machine needs them
MOST_BYTES = 1 << 20  # of an answer that are read
PORTS = {"http": 80, "https": 443}
HEADERS = {  # all that are sent; the last is by which the client knows that its answer is read in parts
    *("accept", "accept-encoding", "authorization", "connection", "content-length", "content-type", "host"),
    "x-stainless-raw-response",
}
_LONG = re.compile(
    r"context.{0,20}(?:size|length|window|limit)|maximum context|too many tokens|prompt is too long|n_ctx|input.{0,20}too long",
    re.IGNORECASE,
)
_UNKNOWN = re.compile(
    r"model.{0,80}(?:not found|does not exist|not exist|unknown|not loaded|no such)|(?:unknown|invalid|no) model", re.I | re.S
)


class TooLong(Problem):
    """The model cannot read that much at once."""


@dataclass(frozen=True)
class Endpoint:
    """Where a model answers.

    name: scheme, host and port, by which consent is remembered.
    local: whether it is this machine.
    """

    url: str
    name: str
    local: bool

    @classmethod
    def of(cls, url: str) -> Endpoint:
        """Raises Problem where that is no address."""
        wrong = f"model.url in notebook.toml is '{url}'; it would be an address such as http://localhost:8080/v1"
        try:
            parts = urlsplit(url)
            port = parts.port
        except ValueError:
            raise Problem(wrong) from None
        if parts.scheme not in PORTS or not parts.hostname or parts.query or parts.fragment:
            raise Problem(wrong)
        if parts.username is not None:
            raise Problem(
                "model.url in notebook.toml holds a name or password; put it into an environment variable and name that in model.key"
            )
        host = parts.hostname
        shown = f"[{host}]" if ":" in host else host
        return cls(url.rstrip("/"), f"{parts.scheme}://{shown}:{port or PORTS[parts.scheme]}", _here(host))


def _here(host: str) -> bool:
    """Whether a host is this machine, by its name alone: what a name server might say is not asked."""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


@dataclass(frozen=True)
class Reply:
    """What came back.

    text: of the model.
    cut: whether it had more to say than it was allowed.
    tools: how many calls of tools it asked for; there are none, so none is made.
    """

    text: str
    cut: bool
    tools: int


def key_of(model: Model) -> str:
    """The key that the settings name; empty if they name none. Raises Problem if it is not set."""
    if not model.key:
        return ""
    if not (key := os.environ.get(model.key, "").strip()):
        raise Problem(f"model.key in notebook.toml names the environment variable {model.key}, which is not set here")
    return key


def complete(model: Model, body: dict[str, Any], seconds: float = SECONDS) -> Reply:
    """Sends the body and reads the answer.

    Raises TooLong where the lines are too many for the model, else Problem: not reachable, no answer in time, key refused, model unknown
    (with those there are), an error of the server, or an answer that cannot be read.
    """
    installed("An answer by a model", "answers", "openai")
    import openai

    endpoint, key = Endpoint.of(model.url), key_of(model)
    where = endpoint.url
    with _client(endpoint, key, seconds) as client:
        try:
            streamed: Any = client.chat.completions.with_streaming_response
            with streamed.create(**body) as response:
                content = _bounded(response.iter_bytes(), where)
        except openai.APITimeoutError:
            raise Problem(f"{where} has not answered within {seconds:g} s") from None
        except openai.APIConnectionError as error:
            raise Problem(f"{where} cannot be reached ({_reason(error)}); start the server, or mend model.url") from None
        except openai.APIStatusError as error:
            raise _told(error.status_code, _message(error, key), model, where, client) from None
        except openai.OpenAIError as error:
            raise Problem(f"{where} gave no answer: {_clean(str(error), key)}") from None
        except Problem:
            raise
        except Exception as error:  # the connection may break while the answer is read, in whichever library the client stands on
            raise Problem(f"the answer of {where} broke off ({type(error).__name__})") from None
    return read(content, where)


def _client(endpoint: Endpoint, key: str, seconds: float) -> OpenAI:
    import openai

    def few_headers(request: Any) -> None:
        for name in [name for name in request.headers if name.lower() not in HEADERS]:
            del request.headers[name]
        if not key:
            request.headers.pop("authorization", None)

    http = openai.DefaultHttpxClient(
        follow_redirects=False,
        trust_env=not endpoint.local,
        timeout=openai.Timeout(seconds, connect=min(10.0, seconds)),
        event_hooks={"request": [few_headers]},
    )
    return openai.OpenAI(base_url=endpoint.url, api_key=key or "none", max_retries=0, http_client=http)


def _bounded(parts: Iterable[bytes], where: str) -> bytes:
    content = b""
    for part in parts:
        content += part
        if len(content) > MOST_BYTES:
            raise Problem(f"{where} answered with more than {MOST_BYTES >> 20} MB, which was not read to its end")
    return content


def read(content: bytes, where: str) -> Reply:
    """The answer in a response's body. Raises Problem where there is none."""
    try:
        choice = json.loads(content)["choices"][0]
        message = choice["message"]
        text: Any = message.get("content") or ""
        tools: Any = message.get("tool_calls") or ()
        if not isinstance(text, str):
            raise TypeError
        calls = len(tools)
    except (ValueError, LookupError, TypeError, AttributeError):
        raise Problem(f"{where} answered with something else than a chat completion; model.url may have to end in /v1") from None
    return Reply(text, choice.get("finish_reason") == "length", calls)


def _told(status: int, message: str, model: Model, where: str, client: OpenAI) -> Problem:
    """What a server's refusal means."""
    if 300 <= status < 400:
        return Problem(f"{where} leads elsewhere (HTTP {status}), which is not followed; write the address it should be into model.url")
    if status in (401, 403):
        named = f"the key in ${model.key}" if model.key else "a request without a key; name its environment variable in model.key"
        return Problem(f"{where} refuses {named} (HTTP {status})")
    if status in (400, 413, 422, 500) and _LONG.search(message):
        return TooLong(f"{where} cannot read that much at once: {message}")
    if status in (400, 404) and _UNKNOWN.search(message):
        known = _models(client)
        has = f"it has {listing(known)}" if known else "it does not say which it has"
        return Problem(f"{where} has no model '{model.name}'; {has}")
    if status == 404:
        return Problem(f"{where} has no chat completions (HTTP 404); model.url may have to end in /v1")
    return Problem(f"{where} gave no answer: HTTP {status}{f', {message}' if message else ''}")


def _models(client: OpenAI) -> list[str]:
    import openai

    try:
        return [one.id for one in client.models.list().data]
    except (openai.OpenAIError, AttributeError, TypeError):
        return []


def _message(error: Any, key: str) -> str:
    body: Any = error.body
    said: Any = next((body[name] for name in ("message", "error", "detail") if body.get(name)), "") if hasattr(body, "get") else body
    return _clean(str(said or error.message or ""), key)


def _reason(error: Exception) -> str:
    return _clean(str(error.__cause__ or error), "")


def _clean(said: str, key: str) -> str:
    """One short line without the key, which servers repeat when they refuse it, and without control characters."""
    line = "".join(char if char.isprintable() else " " for char in (said.replace(key, "…") if key else said))
    line = re.sub(r"\s+", " ", line).strip()
    return line if len(line) <= 200 else f"{line[:200]}…"
