"""Drafts of a model: one request, with a consent of its own, labelled."""

from __future__ import annotations

from pathlib import Path

import pytest
from tests.notebook.simulated_endpoint import Server, ask, chat, command, says

from scratchlab.checks import Problem
from scratchlab.notebook.recall.answer.consent import sent
from scratchlab.notebook.recall.answer.drafting import Drafting

pytest.importorskip("openai", reason="needs the extra 'answers'")


def test_a_draft_is_one_request_with_one_text(server: Server, tmp_path: Path) -> None:
    says(server, 200, chat("<think>hm</think>- a?\n- b?\n- and c", finish="length"))
    assert Drafting(server.model, tmp_path).complete("go on") == "- a?\n- b?"  # what was cut is left out
    [(_, _, body)] = server.asked
    assert (body["messages"], body.keys() & {"tools", "functions"}) == ([{"role": "user", "content": "go on"}], set())
    assert list(tmp_path.iterdir()) == []


@pytest.mark.usefixtures("far")
def test_consent_to_questions_does_not_cover_drafts(server: Server, tmp_path: Path) -> None:
    ask(server, tmp_path, confirm=lambda text: True)
    with pytest.raises(Problem, match="there is no consent yet"):
        Drafting(server.model, tmp_path).complete("go on")
    shown: list[str] = []
    Drafting(server.model, tmp_path, lambda text: bool(shown.append(text)) or True).complete("my note")
    assert "the end of a note" in shown[0]
    assert "user:\nmy note" in shown[0]
    assert Drafting(server.model, tmp_path).complete("again")
    assert [one["body"]["messages"][-1]["content"] for one in sent(tmp_path)[0]][1:] == ["my note", "again"]


def test_continue_shows_the_models_draft_labelled(server: Server, diary: Path) -> None:
    says(server, 200, chat("- weighted medians?\n" * 9))
    before = (diary / "v" / "ideas.md").read_bytes()
    said = command("continue", "ideas")
    assert said.index("Written by the language model, unchecked:") < said.index("- weighted medians?")
    assert said.count("weighted") == 5
    assert "- medians" in server.asked[0][2]["messages"][0]["content"]
    assert "/" not in server.asked[0][2]["messages"][0]["content"]  # no path goes along
    assert (diary / "v" / "ideas.md").read_bytes() == before
    assert "weighted" not in command("continue", "ideas", "--lines")
    says(server, 500, {})
    assert "No model draft: " in command("continue", "ideas")
