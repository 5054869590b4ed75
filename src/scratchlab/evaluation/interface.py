"""The interface of evaluations: functions that score a plan's queries with a trained method, and compare predictions with true labels."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import TYPE_CHECKING, Any, Protocol, TypeVar

from scratchlab.result import Result
from scratchlab.types import Samples

if TYPE_CHECKING:
    from scratchlab.learn.methods.interface import Method

T = TypeVar("T")


class Progress(Protocol):
    """Shows progress."""

    def over(self, items: Sequence[T], name: str) -> Iterator[T]:
        """Iterate over the items, with a progress bar."""
        ...


Evaluation = Callable[[Any, "Method", Samples, Progress], Result]
"""Arguments: the plan (of the kind's own type), the method, the samples, and a progress bar. Query labels are used only for scoring."""
