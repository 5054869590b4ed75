"""The section of each kind of evaluation; its template has the same name."""

from __future__ import annotations

from scratchlab.report.run.kinds import closed_set, episodes, retrieval, sessions
from scratchlab.report.run.kinds.interface import SectionOf

SECTIONS: dict[str, SectionOf] = {
    "closed_set": closed_set.section,
    "episodes": episodes.section,
    "retrieval": retrieval.section,
    "sessions": sessions.section,
}
