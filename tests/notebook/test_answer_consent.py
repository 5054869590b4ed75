"""What is sent to another machine: only with consent, with a key that is never shown, and logged; the log is listed."""

from __future__ import annotations

import stat
from pathlib import Path
from typing import Any

import pytest
from tests.notebook.simulated_endpoint import Server, ask, chat, command, says

from scratchlab.notebook.recall.answer.consent import consents, sent
from scratchlab.notebook.recall.answer.drafting import Drafting
from scratchlab.notebook.recall.answer.endpoint import Endpoint
from scratchlab.notebook.settings import Model

pytest.importorskip("openai", reason="needs the extra 'answers'")


def test_the_key_is_sent_and_never_shown(server: Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MY_KEY", "secret-1234")
    monkeypatch.setenv("OPENAI_API_KEY", "another")
    monkeypatch.setenv("OPENAI_ORG_ID", "org")
    keyed = Model(url=server.url, name="m", key="MY_KEY")
    says(server, 500, {"error": {"message": "bad key secret-1234"}})
    assert ask(server, tmp_path, model=keyed).notes[0].endswith("HTTP 500, bad key ….")
    assert server.asked[0][1]["authorization"] == "Bearer secret-1234"
    ask(server, tmp_path)
    assert not {"authorization", "openai-organization"} & set(server.asked[1][1])
    monkeypatch.delenv("MY_KEY")
    assert "names the environment variable MY_KEY, which is not set here" in ask(server, tmp_path, model=keyed).notes[0]


@pytest.mark.usefixtures("far")
def test_another_machine_is_asked_about_once_with_all_that_is_sent(server: Server, tmp_path: Path) -> None:
    shown: list[str] = []
    got = ask(server, tmp_path, confirm=lambda text: bool(shown.append(text)) or True)
    assert got.sentences
    body = server.asked[0][2]
    assert all(message["content"] in shown[0] for message in body["messages"])
    assert f"POST {server.url}/chat/completions\nwithout a key\n" in shown[0]
    assert list(consents(tmp_path)) == [server.url.removesuffix("/v1")]
    assert ask(server, tmp_path).sentences  # nobody needs to be asked again
    assert len(shown) == 1
    assert [(one["to"], one["body"]) for one in sent(tmp_path)[0]] == [(server.url, body)] * 2
    assert {stat.S_IMODE(path.stat().st_mode) for path in tmp_path.iterdir()} == {0o600}


@pytest.mark.usefixtures("far")
@pytest.mark.parametrize(("agrees", "note"), [(None, "there is no consent yet"), (lambda text: False, "as you declined")])
def test_without_consent_nothing_is_sent(server: Server, tmp_path: Path, agrees: Any, note: str) -> None:
    got = ask(server, tmp_path, confirm=agrees)
    assert (got.sentences, server.asked, list(tmp_path.iterdir())) == ([], [], [])
    assert note in got.notes[0]


@pytest.mark.usefixtures("far")
def test_what_cannot_be_logged_is_not_sent(server: Server, tmp_path: Path) -> None:
    (tmp_path / "sent.jsonl").mkdir()
    assert "cannot be written" in ask(server, tmp_path, confirm=lambda text: True).notes[0]
    (tmp_path / "consents.json").write_text("[]")
    assert "delete it to be asked again" in ask(server, tmp_path, confirm=lambda text: True).notes[0]
    assert server.asked == []


@pytest.mark.parametrize(
    ("url", "local"),
    [
        ("http://localhost:8080/v1", True),
        ("http://127.0.0.2/v1", True),
        ("http://[::1]:8080/v1", True),
        ("https://api.example.com/v1", False),
        ("http://localhost.example.com/v1", False),
        ("http://127.0.0.1.example.com/v1", False),
        ("http://192.168.0.5:11434/v1", False),
        ("http://0.0.0.0:8080/v1", False),
    ],
)
def test_local_endpoints(url: str, local: bool) -> None:
    assert Endpoint.of(url).local is local


def test_names_of_endpoints_contain_their_port() -> None:
    assert [Endpoint.of(url).name for url in ("https://API.example.com/v1", "http://[::1]/v1")] == [
        "https://api.example.com:443",
        "http://[::1]:80",
    ]


@pytest.mark.usefixtures("far")
def test_sent_requests_are_listed(server: Server, diary: Path) -> None:
    assert "Nothing was ever sent to another machine." in command("ask", "--sent")
    assert "there is no consent yet" in command("continue", "ideas")
    assert server.asked == []
    command("ask", "medians?", "--yes-send")
    ask(server, diary, confirm=lambda text: True)
    with (diary / "sent.jsonl").open("a") as file:
        file.write('{"when": "2026')  # as a kill leaves it
    says(server, 200, chat("- a line\u2028with another end?"))
    command("continue", "ideas", "--yes-send")
    said = command("ask", "--sent")
    assert said.count(f"{server.url}  m, ") == 3
    assert "\n  medians?\n" in said
    assert "\n  (a draft)\n" in said
    assert "1 more request cannot be read." in said
    assert str(diary / "sent.jsonl") in said.replace("\n", "")
    assert f"Questions with their lines may be sent to {server.url.removesuffix('/v1')} since 20" in said


@pytest.mark.parametrize(
    "line",
    [
        '{"when":"x","to":"y","body":{"messages":[1]}}',
        '{"when":"x","to":"y","body":{"messages":null}}',
        '{"when":"x","to":"y","body":{"messages":{}}}',
        '{"when":"x","to":null,"body":{"messages":[]}}',
        '{"when":null,"to":"y","body":{"messages":[]}}',
        '{"when":"x","to":"y","body":[]}',
        "[]",
        "[" * 100_000,
    ],
)
def test_malformed_log_entries_are_counted(diary: Path, line: str) -> None:
    (diary / "sent.jsonl").write_text(line + "\n")
    assert "1 more request cannot be read." in command("ask", "--sent")


@pytest.mark.usefixtures("far")
@pytest.mark.parametrize("date", ['""', "null", "[" * 100_000])
def test_a_consent_without_a_date_is_invalid(server: Server, tmp_path: Path, date: str) -> None:
    (tmp_path / "consents.json").write_text(f'{{"{server.url.removesuffix("/v1")}": {date}}}')
    assert "delete it to be asked again" in ask(server, tmp_path, confirm=lambda text: True).notes[0]
    assert server.asked == []


@pytest.mark.usefixtures("far")
def test_unicode_line_ends_do_not_split_entries(server: Server, tmp_path: Path) -> None:
    Drafting(server.model, tmp_path, once=True).complete("one\u2028two\x85three")
    assert [one["body"]["messages"][0]["content"] for one in sent(tmp_path)[0]] == ["one\u2028two\x85three"]
