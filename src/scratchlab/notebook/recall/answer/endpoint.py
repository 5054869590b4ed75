"""One request to an endpoint with OpenAI's API: Ollama, llama.cpp, LM Studio, vLLM, or a remote service.

Only the given body, the key named in the settings and the headers that HTTP needs are sent. Redirects are not followed, local endpoints
are not reached through a proxy, and nothing is retried.
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

SECONDS = 180  # timeout for an answer; small machines need it
MOST_BYTES = 1 << 20  # maximum size of an answer
PORTS = {"http": 80, "https": 443}
HEADERS = {  # all headers that are sent; the client needs the last to stream its answer
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
    """The request exceeds the model's context."""


@dataclass(frozen=True)
class Endpoint:
    """The address of a model server.

    name: scheme, host and port, under which consent is stored.
    local: whether it is this machine.
    """

    url: str
    name: str
    local: bool

    @classmethod
    def of(cls, url: str) -> Endpoint:
        """Parses an address. Raises Problem if it is not valid."""
        wrong = f"model.url in notebook.toml is '{url}'; write an address such as http://localhost:8080/v1"
        try:
            parts = urlsplit(url)
            port = parts.port
        except ValueError:
            raise Problem(wrong) from None
        if parts.scheme not in PORTS or not parts.hostname or parts.query or parts.fragment:
            raise Problem(wrong)
        if parts.username is not None:
            raise Problem(
                "model.url in notebook.toml contains a user name or password; put the key into an environment variable named by model.key"
            )
        host = parts.hostname
        shown = f"[{host}]" if ":" in host else host
        return cls(url.rstrip("/"), f"{parts.scheme}://{shown}:{port or PORTS[parts.scheme]}", _is_local(host))


def _is_local(host: str) -> bool:
    """Whether a host is this machine, judged by its name without a DNS query."""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


@dataclass(frozen=True)
class Reply:
    """A model's reply.

    cut: whether it was cut off at the maximum length.
    tools: the number of requested tool calls; none is run.
    """

    text: str
    cut: bool
    tools: int


def key_of(model: Model) -> str:
    """The API key from the environment variable named in the settings; "" if none is named. Raises Problem if it is not set."""
    if not model.key:
        return ""
    if not (key := os.environ.get(model.key, "").strip()):
        raise Problem(f"model.key in notebook.toml names the environment variable {model.key}, which is not set here")
    return key


def complete(model: Model, body: dict[str, Any], seconds: float = SECONDS) -> Reply:
    """Sends the body and reads the answer.

    Raises TooLong if the lines exceed the model's context, else Problem: unreachable server, timeout, refused key, unknown model (listing
    the available ones), server error, or unreadable answer.
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
            raise Problem(f"{where} did not answer within {seconds:g} s") from None
        except openai.APIConnectionError as error:
            raise Problem(f"{where} cannot be reached ({_reason(error)}); start the server, or correct model.url") from None
        except openai.APIStatusError as error:
            raise _status_problem(error.status_code, _message(error, key), model, where, client) from None
        except openai.OpenAIError as error:
            raise Problem(f"{where} gave no answer: {_clean(str(error), key)}") from None
        except Problem:
            raise
        except Exception as error:  # the connection may break in any library below the client while the answer is read
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
            raise Problem(f"{where} answered with more than {MOST_BYTES >> 20} MB; the answer was discarded")
    return content


def read(content: bytes, where: str) -> Reply:
    """Parses a response's body. Raises Problem if it is no chat completion."""
    try:
        choice = json.loads(content)["choices"][0]
        message = choice["message"]
        text: Any = message.get("content") or ""
        tools: Any = message.get("tool_calls") or ()
        if not isinstance(text, str):
            raise TypeError
        calls = len(tools)
    except (ValueError, LookupError, TypeError, AttributeError):
        raise Problem(f"{where} did not answer with a chat completion; model.url may have to end in /v1") from None
    return Reply(text, choice.get("finish_reason") == "length", calls)


def _status_problem(status: int, message: str, model: Model, where: str, client: OpenAI) -> Problem:
    """The error that an HTTP status means."""
    if 300 <= status < 400:
        return Problem(f"{where} redirects (HTTP {status}), which is not followed; write the final address into model.url")
    if status in (401, 403):
        named = f"the key in ${model.key}" if model.key else "a request without a key; name its environment variable in model.key"
        return Problem(f"{where} refuses {named} (HTTP {status})")
    if status in (400, 413, 422, 500) and _LONG.search(message):
        return TooLong(f"{where}: the request exceeds the model's context: {message}")
    if status in (400, 404) and _UNKNOWN.search(message):
        known = _models(client)
        has = f"it has {listing(known)}" if known else "it does not list its models"
        return Problem(f"{where} has no model '{model.name}'; {has}")
    if status == 404:
        return Problem(f"{where} offers no chat completions (HTTP 404); model.url may have to end in /v1")
    return Problem(f"{where} gave no answer: HTTP {status}{f', {message}' if message else ''}")


def _models(client: OpenAI) -> list[str]:
    import openai

    try:
        return [available.id for available in client.models.list().data]
    except (openai.OpenAIError, AttributeError, TypeError):
        return []


def _message(error: Any, key: str) -> str:
    body: Any = error.body
    text: Any = next((body[name] for name in ("message", "error", "detail") if body.get(name)), "") if hasattr(body, "get") else body
    return _clean(str(text or error.message or ""), key)


def _reason(error: Exception) -> str:
    return _clean(str(error.__cause__ or error), "")


def _clean(text: str, key: str) -> str:
    """One short line without control characters and without the key, which servers may repeat in their refusal."""
    line = "".join(char if char.isprintable() else " " for char in (text.replace(key, "…") if key else text))
    line = re.sub(r"\s+", " ", line).strip()
    return line if len(line) <= 200 else f"{line[:200]}…"
