"""What an evaluation is: a function that asks a trained method what a plan says, and joins the answers with the truth."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import TYPE_CHECKING, Any, Protocol, TypeVar

from scratchlab.result import Result
from scratchlab.types import Samples

if TYPE_CHECKING:
    from scratchlab.learn.methods.interface import Method

T = TypeVar("T")


class Progress(Protocol):
    """Shows how far one is."""

    def over(self, items: Sequence[T], name: str) -> Iterator[T]:
        """The items, with a bar that counts them."""
        ...


Evaluation = Callable[[Any, "Method", Samples, Progress], Result]
"""The plan (of the kind's own type), the method, the samples, and a bar. The labels of queries reach nothing but the result."""
