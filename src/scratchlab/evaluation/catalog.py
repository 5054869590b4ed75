"""The kinds of evaluation, by the names that protocols use."""

from __future__ import annotations

from scratchlab.evaluation import closed_set, episodes, retrieval, sessions
from scratchlab.evaluation.interface import Evaluation

EVALUATIONS: dict[str, Evaluation] = {
    "closed_set": closed_set.evaluate,
    "episodes": episodes.evaluate,
    "retrieval": retrieval.evaluate,
    "sessions": sessions.evaluate,
}
