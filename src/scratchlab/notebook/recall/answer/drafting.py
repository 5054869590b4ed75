"""A text gone on with by a model: one request, by the same leave, record and endpoint as an answer in words."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from scratchlab.notebook.recall.answer.consent import DRAFTS, Ask, consent, record
from scratchlab.notebook.recall.answer.endpoint import SECONDS, Endpoint, complete, key_of
from scratchlab.notebook.recall.answer.prompt import TOKENS, shown
from scratchlab.notebook.recall.answer.sentences import THINKING
from scratchlab.notebook.settings import Model


@dataclass(frozen=True)
class Drafting:
    """Sends prompts to the model that `notebook.toml` names.

    kept: where consents and the log of what was sent lie.
    ask: shows the person what would be sent to another machine and says whether they agree; None where nobody can be asked.
    once: agrees that it is sent, this time alone.
    seconds: until the model must have answered.
    """

    model: Model
    kept: Path
    ask: Ask | None = None
    once: bool = False
    seconds: float = SECONDS

    def complete(self, prompt: str) -> str:
        """What the model says to it, but for a last line that it was not allowed to end.

        Raises Problem where nobody agreed, or no answer came.
        """
        endpoint = Endpoint.of(self.model.url)
        key_of(self.model)  # before anybody is asked anything
        messages = [{"role": "user", "content": prompt}]
        body = {"model": self.model.name, "messages": messages, "max_tokens": TOKENS, "temperature": 0, "stream": False}
        payload = shown(body, f"{endpoint.url}/chat/completions", self.model.key)
        consent(endpoint, payload, self.kept, self.ask, once=self.once, purpose=DRAFTS)
        record(endpoint, body, self.kept)
        reply = complete(self.model, body, self.seconds)
        said = THINKING.sub("", reply.text)
        return said.rpartition("\n")[0] if reply.cut else said
