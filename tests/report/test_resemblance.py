"""Which base class a new class resembles: counted over the draws by hand, shown beside the mistakes."""

from __future__ import annotations

import html
import re
from dataclasses import replace

import numpy as np
import pytest
import torch
from tests.learning.conftest import FORM, Kept, Watch, embedder, kit, trainer
from tests.report.conftest import samples

from scratchlab.analysis.mistakes import Mistakes, kin
from scratchlab.analysis.outcome import Outcome
from scratchlab.learn.incremental import Incremental
from scratchlab.learn.references import Block
from scratchlab.model.encoders.mlp import MLP
from scratchlab.report import words
from scratchlab.report.run import page
from scratchlab.similarity.vector import Cosine
from scratchlab.store.run import Run
from scratchlab.types import Embeddings, Scores, Split, rows


def test_by_hand() -> None:
    """Classes a, b are base, learned as b, a; c is nearest to a in two draws of three."""
    known = samples(("a", "b", "c"), 2)
    outcome = Outcome(known, np.array([1, 0]))
    last = Split(rows(), rows(), rows(), np.arange(6), np.array([1, 0, 2]), 1, 0)
    base = replace(last, query=np.arange(4), classes=np.array([1, 0]), session=0, draw=-1)
    for split in (base, last):
        outcome.add(split, {"cosine": Scores(np.ones((len(split.query), len(split.classes)), np.float32), split.classes)})
    for draw, (b, a) in enumerate([(0.1, 0.9), (0.75, 0.25), (-0.5, 0.5)]):
        outcome.relate(replace(last, draw=draw), np.array([[b, a]], np.float32))
    assert outcome.summary()["nearest"] == {"c": {"base": "a", "share": 2 / 3, "similarity": pytest.approx(0.55)}}


def test_the_similarity_of_several_references_is_their_mean() -> None:
    """Two base classes, then a class of two shots and, in another session, a class of one mean."""
    method = Incremental(kit(embedder(MLP(FORM, hidden=[8, 4])), trainer(Kept(), Watch())))

    def block(vectors: list[list[float]], owner: list[int]) -> Block:
        vector = torch.tensor(vectors)
        found = Embeddings(vector, vector[:, None], torch.ones(len(vector), dtype=torch.long))
        return Block(Cosine(), found, torch.tensor(owner), max(owner) + 1)

    method.blocks = {
        "cosine": (block([[1.0, 0.0], [0.0, 1.0]], [0, 1]), block([[2.0, 0.0], [0.6, 0.8]], [0, 0]), block([[0.0, -3.0]], [0]))
    }
    assert method.similarity_to_base().flatten().tolist() == pytest.approx([0.8, 0.4, 0.0, -1.0])


def test_mistakes_beside_the_resemblance() -> None:
    counts = np.array([[5, 0, 0, 0], [0, 5, 0, 0], [1, 3, 6, 0], [0, 0, 0, 0]])
    summary = {
        "classes": ["a", "b", "c", "d"],
        "base_classes": 2,
        "nearest": {"c": {"base": "b", "share": 1.0, "similarity": 0.5}, "d": {"base": "a", "share": 0.5, "similarity": 0.1}},
    }
    c, d = kin(summary, [Mistakes("cosine", ("a", "b", "c", "d"), counts), Mistakes("trained", ("a", "b", "c", "d"), counts.T)])
    assert (c.taken, c.asked, c.most, c.follows) == ((3, 0), 10, "b", True)
    assert (d.taken, d.asked, d.most, d.follows) == ((0, 0), 0, "", False)
    assert kin({key: summary[key] for key in ("classes", "base_classes")}, [Mistakes("cosine", ("a",), counts)]) == []


def test_the_page_has_a_row_for_every_new_class(many: Run, few: Run, closed: Run) -> None:
    for run in (many, few):
        found = re.search(r'<table class="kin">(.*?)</table>', page.page(run), re.DOTALL)
        assert found
        table = re.findall(r'<tr><th scope="row"><bdi>(.*?)</bdi></th><td><bdi>(.*?)</bdi></td><td>(.*?)</td>', found[1])
        assert [(html.unescape(name), html.unescape(base), share) for name, base, share in table] == [
            (name, one["base"], words.percent(one["share"])) for name, one in run.json("summary")["nearest"].items()
        ]
    assert '<table class="kin">' not in page.page(closed)


def test_a_run_from_before_this_was_kept_has_a_page(few: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    summary = {key: value for key, value in few.json("summary").items() if key != "nearest"}
    whole = Run.json
    monkeypatch.setattr(Run, "json", lambda run, name: summary if name == "summary" else whole(run, name))
    text = page.page(few)
    assert '<table class="kin">' not in text
    assert "Class by class" in text
