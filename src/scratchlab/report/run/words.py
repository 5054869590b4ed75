"""Sentences on the page of a run: its state, and the meaning of its intervals."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

from scratchlab.checks import counted
from scratchlab.report.words import place

__all__ = ["elapsed", "meaning", "place", "sentence"]

MEANINGS = {
    "bootstrap over": (
        "Whole groups of queries (speakers, ships, cameras; single samples if the source has no groups) were resampled 2000 times, "
        "and 95 % of the results were in this interval. It shows how the value would vary with other groups of the same kind. "
        "The trained weights were the same throughout, so it does not show the variation between training seeds."
    ),
}


def elapsed(begin: str, end: str) -> float:
    """Seconds between two ISO times."""
    return (datetime.fromisoformat(end) - datetime.fromisoformat(begin)).total_seconds()


def meaning(how: str, own: Mapping[str, str]) -> str:
    """The explanation of intervals computed like this; an empty string if there is none. own: explanations of the kind of evaluation."""
    return next((text for beginning, text in {**MEANINGS, **own}.items() if how.startswith(beginning)), "")


def sentence(state: str, done: int, planned: int | None) -> str:
    """The state of a run without a result, as a sentence. planned: its total number of epochs; None if unknown."""
    completed = counted(done, "epoch") if planned is None else f"{done} of {counted(planned, 'epoch')}"
    so_far = f"after {completed}" if done else "in its first epoch"
    return {
        "created": "This run has not begun.",
        "running": f"This run is in progress, {so_far}." if done else "This run is in its first epoch.",
        "finished": "This run is marked as finished, but its result is missing.",
        "stopped": f"This run was stopped {so_far}.",
        "killed": f"This run was killed {so_far}.",
    }.get(state, f"This run {state} {so_far}.")
