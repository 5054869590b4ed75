"""What the desk remembers of its owner: the last visit, and which steps were begun or refused. It cannot be made again.

A visit lasts until the desk has not been looked at for four hours: a second look in the same morning still shows what came overnight.
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
class Kept:
    """All times are ISO, local; steps are known by their keys.

    since: the end of the visit before this one. seen: the last look.
    begun, refused: when a step was.
    shown: the steps of the last look, in the order of their numbers.
    """

    since: str = ""
    seen: str = ""
    begun: dict[str, str] = field(default_factory=dict[str, str])
    refused: dict[str, str] = field(default_factory=dict[str, str])
    shown: list[str] = field(default_factory=list[str])

    @classmethod
    def read(cls, path: Path) -> Kept:
        """What stands in the file; nothing if there is none. Raises Problem if it is damaged."""
        try:
            told = dict(json.loads(path.read_text(encoding="utf-8")).items())
            kept = cls(**{one.name: type(getattr(cls(), one.name))(told[one.name]) for one in fields(cls) if one.name in told})
            for when in (kept.since, kept.seen, *kept.begun.values(), *kept.refused.values()):
                if when and datetime.fromisoformat(when).tzinfo:
                    raise ValueError(f"{when!r} has a time zone")
            return kept
        except FileNotFoundError:
            return cls()
        except (OSError, ValueError, TypeError, AttributeError) as error:
            raise Problem(
                f"{path} is damaged ({error}); mend it, or delete it to begin anew without the steps begun and refused."
            ) from None

    def write(self, path: Path) -> None:
        """Whole or not at all; nobody else may read it."""
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        text = json.dumps(asdict(self), indent=1, ensure_ascii=False) + "\n"

        def fill(beside: Path) -> None:
            with os.fdopen(os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w", encoding="utf-8") as file:
                file.write(text)

        files.write(path, fill)

    def visit(self, now: datetime) -> datetime:
        """Notes that its owner is here; returns since when there may be news: the beginning of yesterday on the first visit of all."""
        if not (self.seen and self.since):
            self.since = datetime.combine(now.date() - timedelta(days=1), datetime.min.time()).isoformat()
        elif now - datetime.fromisoformat(self.seen) > VISIT:
            self.since = self.seen
        self.seen = now.isoformat(timespec="seconds")
        for steps, long in ((self.refused, REFUSED), (self.begun, BEGUN)):
            for key in [key for key, when in steps.items() if now - datetime.fromisoformat(when) >= long]:
                del steps[key]
        return datetime.fromisoformat(self.since)

    def accept(self, numbers: Sequence[int], now: datetime) -> None:
        """Steps are begun; one that was begun already is over, and does not come back. Raises Problem for a number that was not shown."""
        for key in self._keys(numbers):
            if self.begun.pop(key, None):
                self.refused[key] = now.isoformat(timespec="seconds")
            else:
                self.begun[key] = now.isoformat(timespec="seconds")

    def refuse(self, numbers: Sequence[int], now: datetime) -> None:
        """Steps are not to come back for thirty days. Raises Problem for a number that was not shown."""
        for key in self._keys(numbers):
            self.begun.pop(key, None)
            self.refused[key] = now.isoformat(timespec="seconds")

    def _keys(self, numbers: Sequence[int]) -> list[str]:
        if wrong := [number for number in numbers if not 1 <= number <= len(self.shown)]:
            there = f"the last look showed {counted(len(self.shown), 'step')}" if self.shown else "no step has been shown yet"
            raise Problem(f"There is no step {wrong[0]}: {there}; `scratchlab start` shows them with their numbers.")
        return [self.shown[number - 1] for number in dict.fromkeys(numbers)]
