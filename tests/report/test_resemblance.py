"""The nearest base class of a new class: counted over the draws by hand, and shown beside the confusions."""

from __future__ import annotations

import html
import re
from dataclasses import replace

import numpy as np
import pytest
import torch
from tests.learning.conftest import FORM, MemoryStore, RecordingObserver, components, embedder, trainer
from tests.report.conftest import samples

from scratchlab.analysis.confusion import Confusion
from scratchlab.data.protocols.sessions import SessionsPlan
from scratchlab.evaluation.sessions import Collected
from scratchlab.learn.incremental import Incremental
from scratchlab.learn.references import References
from scratchlab.models.encoders.mlp import MLP
from scratchlab.report import words
from scratchlab.report.run import page
from scratchlab.report.run.kinds.sessions import nearest
from scratchlab.similarity.vector import Cosine
from scratchlab.store.run import Run
from scratchlab.types import Embeddings, Scores, Split, rows


def test_by_hand() -> None:
    """Classes a, b are base, learned as b, a; c is nearest to a in two draws of three."""
    known = samples(("a", "b", "c"), 2)
    base = Split(rows(), rows(), rows(), np.arange(4), np.array([1, 0]))
    last = Split(rows(), rows(), rows(), np.arange(6), np.array([1, 0, 2]))
    found = Collected(SessionsPlan(base, known.grouped(), "speaker", ((last,),)), known)
    for session, split in enumerate((base, last)):
        found.add(
            session, session - 1, split, {"cosine": Scores(np.ones((len(split.query), len(split.classes)), np.float32), split.classes)}
        )
    for b, a in [(0.1, 0.9), (0.75, 0.25), (-0.5, 0.5)]:
        found.relate(last, np.array([[b, a]], np.float32))
    assert found.result().facts["nearest"] == {"c": {"base": "a", "share": 2 / 3, "similarity": pytest.approx(0.55)}}


def test_the_similarity_of_several_references_is_their_mean() -> None:
    """Two base classes, then a class of two shots and, in another session, a class of one mean."""
    method = Incremental(components(embedder(MLP(FORM, hidden=[8, 4])), trainer(MemoryStore(), RecordingObserver())))

    def references(vectors: list[list[float]], labels: list[int]) -> References:
        vector = torch.tensor(vectors)
        found = Embeddings(vector, vector[:, None], torch.ones(len(vector), dtype=torch.long))
        return References(Cosine(), found, torch.tensor(labels), max(labels) + 1)

    base, second = references([[1.0, 0.0], [0.0, 1.0]], [0, 1]), references([[2.0, 0.0], [0.6, 0.8]], [0, 0])
    method.references = {"cosine": (base, second, references([[0.0, -3.0]], [0]))}
    assert method.similarity_to_base().flatten().tolist() == pytest.approx([0.8, 0.4, 0.0, -1.0])


def test_confusions_are_shown_with_the_similarity(few: Run) -> None:
    counts = np.array([[5, 0, 0, 0], [0, 5, 0, 0], [1, 3, 6, 0], [0, 0, 0, 0]])
    similar = {"c": {"base": "b", "share": 1.0, "similarity": 0.5}, "d": {"base": "a", "share": 0.5, "similarity": 0.1}}
    original = few.result()
    assert original
    result = replace(original, classes={"a": "base", "b": "base", "c": "session 1", "d": "session 1"}, facts={"nearest": similar})
    heads = [Confusion("cosine", ("a", "b", "c", "d"), counts), Confusion("trained", ("a", "b", "c", "d"), counts.T)]
    c, d = nearest(result, ["a", "b"], heads)
    assert (c.predicted, c.total, c.most, c.follows) == ((3, 0), 10, "b", True)
    assert (d.predicted, d.total, d.most, d.follows) == ((0, 0), 0, "", False)
    assert nearest(replace(result, facts={}), ["a", "b"], heads) == []


def test_the_page_has_a_row_for_every_new_class(many: Run, few: Run, closed: Run) -> None:
    for run in (many, few):
        found = re.search(r'<table class="nearest stack">(.*?)</table>', page.page(run), re.DOTALL)
        assert found
        table = re.findall(r'<tr><th scope="row"><bdi>(.*?)</bdi></th><td[^>]*><bdi>(.*?)</bdi></td><td[^>]*>(.*?)</td>', found[1])
        assert [(html.unescape(name), html.unescape(base), share) for name, base, share in table] == [
            (name, one["base"], words.percent(one["share"])) for name, one in run.json("result")["facts"]["nearest"].items()
        ]
    assert '<table class="nearest stack">' not in page.page(closed)
