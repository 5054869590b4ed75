"""Continuing a text with a language model: one request, with the same consent, log and endpoint as answers."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from scratchlab.notebook.recall.answer.consent import DRAFTS, Confirm, consent, record
from scratchlab.notebook.recall.answer.endpoint import SECONDS, Endpoint, complete, key_of
from scratchlab.notebook.recall.answer.prompt import TOKENS, request_text
from scratchlab.notebook.recall.answer.sentences import THINKING
from scratchlab.notebook.settings import Model


@dataclass(frozen=True)
class Drafting:
    """Sends prompts to the model that `notebook.toml` names.

    folder: folder of consents and of the log of sent requests.
    confirm: shows what would be sent to another machine and returns whether the user agrees; None if nobody can be asked.
    once: consent to send it this one time.
    seconds: timeout for the reply.
    """

    model: Model
    folder: Path
    confirm: Confirm | None = None
    once: bool = False
    seconds: float = SECONDS

    def complete(self, prompt: str) -> str:
        """The model's continuation, without a last line that was cut off. Raises Problem without consent or without an answer."""
        endpoint = Endpoint.of(self.model.url)
        key_of(self.model)  # fail before asking for consent
        messages = [{"role": "user", "content": prompt}]
        body = {"model": self.model.name, "messages": messages, "max_tokens": TOKENS, "temperature": 0, "stream": False}
        payload = request_text(body, f"{endpoint.url}/chat/completions", self.model.key)
        consent(endpoint, payload, self.folder, self.confirm, once=self.once, purpose=DRAFTS)
        record(endpoint, body, self.folder)
        reply = complete(self.model, body, self.seconds)
        text = THINKING.sub("", reply.text)
        return text.rpartition("\n")[0] if reply.cut else text
