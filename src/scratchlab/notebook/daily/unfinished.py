"""Which lines of notes are open items: tasks, unanswered questions, and lines with words such as "not yet" in three languages."""

from __future__ import annotations

import re

from scratchlab.notebook.events import Event

_LATIN = (  # words that point forward; past forms ("fixed", "tried") do not
    r"to[- ]?do|fixme|next (?:step|up|time|thing|i|we)|next:|not yet|yet to|still (?:need|have|want|looking|unclear|open|to)|"
    r"needs? (?:to|a|more)|remains?|remaining|future work|in (?:the )?future|revisit|follow[- ]?up|"
    r"(?:might|may|could|should|would|want to|plan to|going to|have to|will|looking to|let'?s) (?:\w+ )?"
    r"(?:try|test|check|re-?tune|tune|run|look|explore|remove|investigate|need|do|add|see|help)|ongoing|"
    r"more on this later|unclear|unknown|not sure|open questions?|why does|why is|pending|in progress|wip|waiting for"
)
_OTHER = (
    "待办|下一步|接下来|还没|尚未|未完成|有待|需要再|以后再|之后再|回头|再试|打算|计划|待定|待确认|不确定|为什么|"
    "다음에|다음 단계|아직|남은|해야|할 일|나중에|추후|예정|시도해|확인 필요|왜"
)
_OPEN = re.compile(rf"(?<!\w)(?:{_LATIN})(?!\w)|{_OTHER}", re.IGNORECASE)


def unfinished(event: Event) -> str:
    """Why this line is an open item, in words; "" if it is not.

    >>> from pathlib import Path
    >>> from scratchlab.notebook.events import Place
    >>> unfinished(Event("note", "- might try to re-tune this later", Place(Path("log.md"), 3)))
    'says “might try”'
    """
    if event.state in ("done", "dropped"):
        return ""
    if event.kind == "task":
        return "an open task"
    if event.kind == "question":
        return "a question without an answer"
    match = _OPEN.search(event.text) if event.kind == "note" else None
    if match:
        return f"says “{match[0].strip(' :')}”"
    heading_match = _OPEN.search(" ".join(event.heading[-1:])) if event.kind == "note" else None
    return f"under “{event.heading[-1]}”" if heading_match else ""
