"""The state of the daily summary: the last visit, and the steps that were begun or refused. It cannot be rebuilt.

A visit ends when the summary has not been shown for four hours, so a second look in the same morning still shows last night's news.
"""

from __future__ import annotations

import json
import os
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field, fields
from datetime import datetime, timedelta
from pathlib import Path

from scratchlab.checks import Problem, counted
from scratchlab.store import files

VISIT = timedelta(hours=4)
REFUSED = timedelta(days=30)
BEGUN = timedelta(days=90)


@dataclass
class VisitState:
    """The contents of `desk.json`. Times are ISO, local; steps are identified by their keys.

    since: end of the previous visit. seen: when the summary was last shown.
    begun, refused: time by step.
    shown: the steps last shown, in the order of their numbers.
    """

    since: str = ""
    seen: str = ""
    begun: dict[str, str] = field(default_factory=dict[str, str])
    refused: dict[str, str] = field(default_factory=dict[str, str])
    shown: list[str] = field(default_factory=list[str])

    @classmethod
    def read(cls, path: Path) -> VisitState:
        """Reads the file; the initial state if it does not exist. Raises Problem if it is damaged."""
        try:
            content = dict(json.loads(path.read_text(encoding="utf-8")).items())
            state = cls(**{item.name: type(getattr(cls(), item.name))(content[item.name]) for item in fields(cls) if item.name in content})
            for time in (state.since, state.seen, *state.begun.values(), *state.refused.values()):
                if time and datetime.fromisoformat(time).tzinfo:
                    raise ValueError(f"{time!r} has a time zone")
            return state
        except FileNotFoundError:
            return cls()
        except (OSError, ValueError, TypeError, AttributeError) as error:
            raise Problem(f"{path} is damaged ({error}); repair it, or delete it, which forgets the steps begun and refused.") from None

    def write(self, path: Path) -> None:
        """Writes the file atomically, readable by its owner only."""
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        text = json.dumps(asdict(self), indent=1, ensure_ascii=False) + "\n"

        def fill(beside: Path) -> None:
            with os.fdopen(os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w", encoding="utf-8") as file:
                file.write(text)

        files.write(path, fill)

    def visit(self, now: datetime) -> datetime:
        """Records a visit and returns the time since which to report news: on the very first visit, the beginning of yesterday."""
        if not (self.seen and self.since):
            self.since = datetime.combine(now.date() - timedelta(days=1), datetime.min.time()).isoformat()
        elif now - datetime.fromisoformat(self.seen) > VISIT:
            self.since = self.seen
        self.seen = now.isoformat(timespec="seconds")
        for steps, period in ((self.refused, REFUSED), (self.begun, BEGUN)):
            for key in [key for key, when in steps.items() if now - datetime.fromisoformat(when) >= period]:
                del steps[key]
        return datetime.fromisoformat(self.since)

    def accept(self, numbers: Sequence[int], now: datetime) -> None:
        """Marks steps as begun; a step begun before is marked as done and not shown again. Raises Problem for an unknown number."""
        for key in self._keys(numbers):
            if self.begun.pop(key, None):
                self.refused[key] = now.isoformat(timespec="seconds")
            else:
                self.begun[key] = now.isoformat(timespec="seconds")

    def refuse(self, numbers: Sequence[int], now: datetime) -> None:
        """Hides steps for thirty days. Raises Problem for an unknown number."""
        for key in self._keys(numbers):
            self.begun.pop(key, None)
            self.refused[key] = now.isoformat(timespec="seconds")

    def _keys(self, numbers: Sequence[int]) -> list[str]:
        if wrong := [number for number in numbers if not 1 <= number <= len(self.shown)]:
            known = f"{counted(len(self.shown), 'step')} shown last time" if self.shown else "no step has been shown yet"
            raise Problem(f"There is no step {wrong[0]}: {known}; `scratchlab start` shows the steps with their numbers.")
        return [self.shown[number - 1] for number in dict.fromkeys(numbers)]
