"""The retrievers that are compared."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from pathlib import Path

from recall import ours
from recall.fulltext import FullText
from recall.retriever import Retriever
from recall.ripgrep import Ripgrep
from recall.vectors import Vectors
from scratchlab.checks import Problem, listing, nearest

PEERS: dict[str, Callable[[Path], Retriever]] = {
    "ripgrep": Ripgrep,
    "FTS5 unicode61": partial(FullText, tokenizer="unicode61"),
    "FTS5 trigram": partial(FullText, tokenizer="trigram"),
    "LanceDB": partial(Vectors, hybrid=False),
    "LanceDB hybrid": partial(Vectors, hybrid=True),
    "LanceDB, USE": partial(Vectors, hybrid=False, encoder="use"),
    "LanceDB hybrid, USE": partial(Vectors, hybrid=True, encoder="use"),
}
OURS: dict[str, Callable[[Path], Retriever]] = {
    "scratchlab": ours.Ours,
    "scratchlab, sure": partial(ours.Ours, sure=True),
    "scratchlab, USE": partial(ours.Ours, encoders=["use"]),
    "scratchlab, USE, sure": partial(ours.Ours, encoders=["use"], sure=True),
}


def retrievers(root: Path, names: list[str]) -> dict[str, Retriever]:
    """The named retrievers over the notes below `root`, with scratchlab's own first.

    Raises Problem for an unknown name.
    """
    if unknown := [name for name in names if name not in PEERS]:
        raise Problem(f"there is no peer '{unknown[0]}'.{nearest(unknown[0], PEERS)} Known here: {listing(PEERS)}")
    return {name: make(root) for name, make in (OURS | {name: PEERS[name] for name in names}).items()}
