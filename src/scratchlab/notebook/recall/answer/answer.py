"""An answer in words, on one page: what is sent, by whose leave, what comes back, what of it holds.

evidence -> passages -> payload -> consent -> record -> endpoint -> sentences -> checked

A model only rewrites. Whatever goes wrong, the evidence is the answer, and one sentence says why there are no others.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

from scratchlab.checks import Problem, counted
from scratchlab.notebook.recall.answer.checking import checked
from scratchlab.notebook.recall.answer.consent import Ask, consent, record
from scratchlab.notebook.recall.answer.endpoint import SECONDS, Endpoint, Reply, TooLong, complete, key_of
from scratchlab.notebook.recall.answer.prompt import CHARACTERS, NOTHING, Passage, passages, payload, shown
from scratchlab.notebook.recall.answer.sentences import Sentence, sentences
from scratchlab.notebook.recall.ask import Found
from scratchlab.notebook.settings import Model, own

MOST_SENTENCES = 12
MOST_CHARACTERS = 8000  # of an answer that are read


@dataclass(frozen=True)
class Answer:
    """What a model made of the evidence.

    sentences: those that hold, each with the numbers of the evidence it cites.
    dropped: those that do not, each with the reason.
    notes: what a person should know besides, a sentence each: why there is no answer, what was left out.
    model: who answered.
    """

    sentences: list[Sentence] = field(default_factory=list[Sentence])
    dropped: list[tuple[str, str]] = field(default_factory=list[tuple[str, str]])
    notes: list[str] = field(default_factory=list[str])
    model: str = ""


def answered(
    found: Found,
    model: Model,
    question: str,
    *,
    ask: Ask | None = None,
    once: bool = False,
    kept: Path | None = None,
    seconds: float = SECONDS,
) -> Answer:
    """Puts what was found into words.

    ask: shows the person what would be sent to another machine and says whether they agree; None where nobody can be asked.
    once: agrees that the lines are sent, this time alone.
    kept: where consents and the log of what was sent lie; the notebook's folder, if not given.
    seconds: until the model must have answered.
    """
    if not found.evidence:
        return Answer(notes=[found.nothing] if found.nothing else [])
    notes: list[str] = []
    try:
        lines, reply = _replied(question, passages([*found.evidence, *found.near]), model, ask, kept or own().kept, seconds, once=once)
    except Problem as problem:
        return Answer(notes=[f"No model put this into words: {str(problem).rstrip('.')}."], model=model.name)
    if len(lines) < (shown := len(found.evidence) + len(found.near)):
        notes.append(f"The model read the first {counted(len(lines), 'line')} of {shown}; it cannot read more at once.")
    if cut := [f"[{line.number}]" for line in lines if line.cut]:
        notes.append(f"The model read the first {CHARACTERS} characters of {', '.join(cut)}.")
    return judged(reply, lines, found, notes, model.name)


def judged(reply: Reply, lines: list[Passage], found: Found, notes: list[str], model: str) -> Answer:
    """What of a reply holds, and what is told of the rest."""
    if reply.tools:
        notes.append(f"The model asked for {counted(reply.tools, 'tool')}; there are none, so nothing was done.")
    if reply.cut:
        notes.append("The model had more to say than it was allowed.")
    if len(reply.text) > MOST_CHARACTERS:
        notes.append(f"Of the model's {len(reply.text)} characters the first {MOST_CHARACTERS} were read.")
    said = sentences(reply.text[:MOST_CHARACTERS])
    if [one.text.strip(" .'\"") for one in said] == [NOTHING]:
        return Answer(notes=[*notes, "The model finds no answer in these lines."], model=model)
    if len(said) > MOST_SENTENCES:
        notes.append(f"Of the model's {len(said)} sentences the first {MOST_SENTENCES} were read.")
        said = said[:MOST_SENTENCES]
    events = {one.number: one.event for one in (*found.evidence, *found.near)}
    kept, dropped = checked(said, {line.number: line.stands for line in lines}, events)
    if not said:
        notes.append("The model said nothing.")
    elif not kept:
        notes.append(f"Nothing that the model said holds against these lines ({counted(len(dropped), 'sentence')} dropped).")
    elif dropped:
        notes.append(
            f"{counted(len(dropped), 'sentence')} of {len(said)} did not hold against these lines and {_were(len(dropped))} dropped."
        )
    return Answer(kept, dropped, notes, model)


def _were(count: int) -> str:
    return "was" if count == 1 else "were"


def _replied(
    question: str, lines: list[Passage], model: Model, ask: Ask | None, kept: Path, seconds: float, *, once: bool
) -> tuple[list[Passage], Reply]:
    """The reply, and the lines that were sent for it: half of them where the model cannot read all, and half of those."""
    endpoint = Endpoint.of(model.url)
    key_of(model)  # before anybody is asked anything
    while True:
        body = payload(question, lines, model.name)
        consent(endpoint, shown(body, f"{endpoint.url}/chat/completions", model.key), kept, ask, once=once)
        record(endpoint, body, kept)
        try:
            return lines, complete(model, body, seconds)
        except TooLong:
            if len(lines) == 1:
                raise
            lines = lines[: len(lines) // 2]
