"""What the page of a run says in sentences: what became of it, and what its intervals mean."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

from scratchlab.checks import counted
from scratchlab.report.words import place

__all__ = ["elapsed", "meaning", "place", "sentence"]

MEANINGS = {
    "bootstrap over": (
        "Whole groups of queries (speakers, ships, cameras; single samples where the source knows no groups) were resampled 2000 times, "
        "and 95 % of the results lay in this interval. It says how the number would vary with others of their kind. "
        "The training is the same throughout, so it says nothing about another seed."
    ),
}


def elapsed(begin: str, end: str) -> float:
    """Seconds between two ISO times."""
    return (datetime.fromisoformat(end) - datetime.fromisoformat(begin)).total_seconds()


def meaning(how: str, own: Mapping[str, str]) -> str:
    """What an interval that came about like this tells, and what it does not. own: what the kind of result says of its own intervals."""
    return next((words for beginning, words in {**MEANINGS, **own}.items() if how.startswith(beginning)), "")


def sentence(state: str, done: int, planned: int | None) -> str:
    """What became of a run that has no headline; planned: how many epochs were to be, where that is known."""
    whole = counted(done, "epoch") if planned is None else f"{done} of {counted(planned, 'epoch')}"
    so_far = f"after {whole}" if done else "before its first epoch was over"
    return {
        "created": "This run has not begun.",
        "running": f"This run is under way, {so_far}." if done else "This run is in its first epoch.",
        "finished": "This run says it is finished, but its result is missing.",
        "stopped": f"This run was stopped {so_far}.",
        "killed": f"This run was killed {so_far}.",
    }.get(state, f"This run {state} {so_far}.")
