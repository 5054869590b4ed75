"""An answer phrased by a language model, from evidence to checked sentences.

evidence -> passages -> payload -> consent -> record -> endpoint -> sentences -> checked

The model only rephrases. If anything goes wrong, the evidence itself is the answer, and one sentence says why.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

from scratchlab.checks import Problem, counted
from scratchlab.notebook.recall.answer.checking import check_sentences
from scratchlab.notebook.recall.answer.consent import Confirm, consent, record
from scratchlab.notebook.recall.answer.endpoint import SECONDS, Endpoint, Reply, TooLong, complete, key_of
from scratchlab.notebook.recall.answer.prompt import CHARACTERS, NOTHING, Passage, passages, payload, request_text
from scratchlab.notebook.recall.answer.sentences import Sentence, sentences
from scratchlab.notebook.recall.ask import SearchResult
from scratchlab.notebook.settings import Model, own

MOST_SENTENCES = 12
MOST_CHARACTERS = 8000  # characters of a reply that are read


@dataclass(frozen=True)
class Answer:
    """A model's answer.

    sentences: the sentences supported by the evidence, each with the numbers of the lines it cites.
    dropped: the unsupported sentences, each with the reason.
    notes: remarks for the user, one sentence each: why there is no answer, what was left out.
    model: the model's name.
    """

    sentences: list[Sentence] = field(default_factory=list[Sentence])
    dropped: list[tuple[str, str]] = field(default_factory=list[tuple[str, str]])
    notes: list[str] = field(default_factory=list[str])
    model: str = ""


def answer_with_model(
    found: SearchResult,
    model: Model,
    question: str,
    *,
    confirm: Confirm | None = None,
    once: bool = False,
    folder: Path | None = None,
    seconds: float = SECONDS,
) -> Answer:
    """Lets the model phrase the search result, and checks its reply.

    confirm: shows what would be sent to another machine and returns whether the user agrees; None if nobody can be asked.
    once: consent to send the lines this one time.
    folder: folder of consents and of the log of sent requests (default: the notebook's).
    seconds: timeout for the reply.
    """
    if not found.evidence:
        return Answer(notes=[found.reason] if found.reason else [])
    notes: list[str] = []
    try:
        lines, reply = _replied(
            question, passages([*found.evidence, *found.uncertain]), model, confirm, folder or own().kept, seconds, once=once
        )
    except Problem as problem:
        return Answer(notes=[f"No answer in words: {str(problem).rstrip('.')}."], model=model.name)
    if len(lines) < (request_text := len(found.evidence) + len(found.uncertain)):
        notes.append(f"The model read the first {counted(len(lines), 'line')} of {request_text}; its context is too short for more.")
    if cut := [f"[{line.number}]" for line in lines if line.cut]:
        notes.append(f"The model read only the first {CHARACTERS} characters of {', '.join(cut)}.")
    return check_reply(reply, lines, found, notes, model.name)


def check_reply(reply: Reply, lines: list[Passage], found: SearchResult, notes: list[str], model: str) -> Answer:
    """The answer made of a reply: its supported sentences, and notes about the rest."""
    if reply.tools:
        notes.append(f"The model requested {counted(reply.tools, 'tool call')}; no tools are offered, so none was run.")
    if reply.cut:
        notes.append("The reply was cut off at the maximum length.")
    if len(reply.text) > MOST_CHARACTERS:
        notes.append(f"Only the first {MOST_CHARACTERS} of the reply's {len(reply.text)} characters were read.")
    reply_sentences = sentences(reply.text[:MOST_CHARACTERS])
    if [sentence.text.strip(" .'\"") for sentence in reply_sentences] == [NOTHING]:
        return Answer(notes=[*notes, "According to the model, these lines do not answer the question."], model=model)
    if len(reply_sentences) > MOST_SENTENCES:
        notes.append(f"Only the first {MOST_SENTENCES} of the reply's {len(reply_sentences)} sentences were read.")
        reply_sentences = reply_sentences[:MOST_SENTENCES]
    events = {sentence.number: sentence.event for sentence in (*found.evidence, *found.uncertain)}
    supported, dropped = check_sentences(reply_sentences, {line.number: line.citable_text for line in lines}, events)
    if not reply_sentences:
        notes.append("The reply was empty.")
    elif not supported:
        notes.append(f"No sentence of the reply is supported by these lines ({counted(len(dropped), 'sentence')} dropped).")
    elif dropped:
        notes.append(
            f"{counted(len(dropped), 'sentence')} of {len(reply_sentences)} {_were(len(dropped))} dropped as unsupported by these lines."
        )
    return Answer(supported, dropped, notes, model)


def _were(count: int) -> str:
    return "was" if count == 1 else "were"


def _replied(
    question: str, lines: list[Passage], model: Model, confirm: Confirm | None, folder: Path, seconds: float, *, once: bool
) -> tuple[list[Passage], Reply]:
    """The lines that were sent, and the reply; the number of lines is halved until they fit the model's context."""
    endpoint = Endpoint.of(model.url)
    key_of(model)  # fail before asking for consent
    while True:
        body = payload(question, lines, model.name)
        consent(endpoint, request_text(body, f"{endpoint.url}/chat/completions", model.key), folder, confirm, once=once)
        record(endpoint, body, folder)
        try:
            return lines, complete(model, body, seconds)
        except TooLong:
            if len(lines) == 1:
                raise
            lines = lines[: len(lines) // 2]
