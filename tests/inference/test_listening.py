"""Listening: a stream has the scores of the file however it is cut, and each word is heard once."""

from __future__ import annotations

import io
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import soundfile

from scratchlab.checks import Problem
from scratchlab.cli import main
from scratchlab.inference import enrolment, sounds
from scratchlab.inference.home import Home
from scratchlab.inference.listening import Events, Listener
from scratchlab.models.encoders.bc_resnet import BCResNet

RATE = 16_000


def _nothing(*_: object) -> None:
    """Stands for a function that finds nothing missing, or finds nothing."""


def speech(say: Callable[..., Any], *words: str, pause: float = 0.7) -> Any:
    silence = np.zeros(round(pause * RATE), dtype=np.float32)
    return np.concatenate([part for number, word in enumerate(words) for part in (silence, say(word, 10 + number))] + [silence])


@pytest.mark.parametrize(
    ("seconds", "piece"),
    [(0.3, 1280), (0.45, 911), (1.0, 1280), (1.7, 911), (2.5, 160), (4.0, 1280), (7.3, 911), (13.0, 4000), (31.0, 1280), (60.0, 911)],
)
def test_a_stream_has_the_scores_of_the_file(seconds: float, piece: int, home: Home, say: Callable[..., Any]) -> None:
    rng = np.random.default_rng(int(10 * seconds))
    sound = np.resize(speech(say, "ai", "ue", "au"), round(seconds * RATE)) + rng.normal(0, 1e-3, round(seconds * RATE)).astype(np.float32)
    listener = Listener(home)
    for start in range(0, len(sound), piece):
        listener.push(sound[start : start + piece])
    listener.finish()
    np.testing.assert_allclose(listener.best, home.scores(sound).numpy(), atol=1e-4)


def test_each_word_is_heard_once_and_where_it_ends(home: Home, say: Callable[..., Any]) -> None:
    lenient = replace(home, threshold=-0.1)
    words = ["ai", "ue", "ue", "au", "ia"]
    sound, listener = speech(say, *words), Listener(lenient)
    heard = [one for start in range(0, len(sound), 1280) for one in listener.push(sound[start : start + 1280])] + listener.finish()
    assert [one.word for one in heard] == words
    ends = np.cumsum([0.7 + len(say(word, 10 + number)) / RATE for number, word in enumerate(words)])
    np.testing.assert_allclose([one.seconds for one in heard], ends, atol=0.4)


def test_silence_and_noise_are_no_word(home: Home) -> None:
    listener, rng = Listener(home), np.random.default_rng(0)
    sound = np.concatenate([np.zeros(3 * RATE), rng.normal(0, 0.05, 5 * RATE)]).astype(np.float32)
    assert listener.push(sound) + listener.finish() == []


def test_a_word_is_reported_when_its_score_grows_no_more() -> None:
    events = Events(("yes", "no"), threshold=0.0)
    scores = [(-1, -1), (0.1, -1), (0.3, -1), (0.3, -1), (0.2, -1), (0.1, -1), (-1, -1), (-1, -1), (-1, 0.2), (0.1, 0.1)]
    found = [events.push(np.array(both, dtype=np.float32), 0.2 * step) for step, both in enumerate(scores)]
    first = next(one for one in found if one)
    assert (first.word, first.seconds, first.score) == ("yes", pytest.approx(0.4), pytest.approx(0.3))
    assert sum(one is not None for one in found) == 1
    assert found.index(first) == 4  # 0.4 s after its best score
    last = events.take()
    assert last
    assert (last.word, last.seconds, last.score) == ("no", pytest.approx(1.6), pytest.approx(0.2))


def test_the_same_word_is_heard_again_only_after_it_ended() -> None:
    events = Events(("yes",), threshold=0.0)
    scores = [0.3] * 10 + [-0.1] + [0.2] * 4
    found = [events.push(np.array([score], dtype=np.float32), 0.2 * step) for step, score in enumerate(scores)]
    assert [one.seconds for one in found if one] == [0.0, pytest.approx(2.2)]


def test_an_embedder_of_whole_clips_gets_a_sentence(home: Home) -> None:
    home.steps.embedder.encoder = BCResNet()
    with pytest.raises(Problem, match=r"BCResNet reads whole clips; enrol without --from"):
        Listener(home)


def test_words_without_threshold_get_a_sentence(home: Home) -> None:
    with pytest.raises(Problem, match="no threshold"):
        Listener(replace(home, threshold=None))


# -- where sound comes from ---------------------------------------------------------------------------


def test_a_pipe_is_read_in_pieces_of_any_length() -> None:
    values = np.arange(-1500, 1500, dtype="<i2")

    class Slow(io.BytesIO):
        def read(self, size: int | None = -1) -> bytes:
            return super().read(min(size or 1, 333))  # odd, so that samples are cut

    found = np.concatenate(list(sounds.pipe(Slow(values.tobytes()), RATE)))
    np.testing.assert_array_equal(found, (values / 2.0**15).astype(np.float32))


def test_no_microphone_gets_a_sentence(monkeypatch: pytest.MonkeyPatch) -> None:
    class Device:
        class PortAudioError(Exception): ...

        @staticmethod
        def InputStream(**_: Any) -> Any:  # noqa: N802
            raise Device.PortAudioError("Error querying device -1")

    monkeypatch.setitem(sys.modules, "sounddevice", Device)  # pyright: ignore[reportArgumentType]
    monkeypatch.setattr("scratchlab.inference.sounds.installed", _nothing)
    with pytest.raises(Problem, match="There is no microphone to listen to"):
        next(sounds.microphone(RATE))


def test_without_the_library_the_extra_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("importlib.util.find_spec", _nothing)
    with pytest.raises(Problem, match=r"scratchlab\[microphone\]"):
        next(sounds.microphone(RATE))


def test_the_command_prints_words_and_the_share_of_a_core(
    enrolled: Path, tmp_path: Path, say: Callable[..., Any], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    soundfile.write(tmp_path / "said.wav", speech(say, "ai", "ue"), RATE)
    text = (enrolled / "home.toml").read_text().splitlines()
    (enrolled.parent / "lenient").mkdir(exist_ok=True)
    for path in enrolled.iterdir():
        (enrolled.parent / "lenient" / path.name).write_bytes(path.read_bytes())
    lenient = "\n".join("threshold = -0.1" if line.startswith("threshold") else line for line in text)
    (enrolled.parent / "lenient" / "home.toml").write_text(lenient)
    monkeypatch.setattr(sys, "argv", ["scratchlab", "listen", str(enrolled.parent / "lenient"), str(tmp_path / "said.wav")])
    with pytest.raises(SystemExit) as ended:
        main()
    assert not ended.value.code
    printed = capsys.readouterr().out.splitlines()
    assert [line.split()[2] for line in printed[:-1]] == ["ai", "ue"]
    assert printed[-1].startswith("2 heard in")
    assert printed[-1].endswith("of one CPU core.")


def test_the_whole_way_from_a_run_that_was_fine_tuned(words: Path) -> None:
    """An embedder of this kind with weights of its own streams too: here the published weights, slightly changed."""
    home = enrolment.empty()
    for parameter in home.steps.embedder.parameters():
        parameter.data *= 1.01
    from scratchlab.inference import recordings

    changed = enrolment.added(home, recordings.of_folder(words, RATE))
    sound = recordings.read(words / "ai" / "0.wav", "ai", RATE).sound
    listener = Listener(changed)
    listener.push(sound)
    listener.finish()
    np.testing.assert_allclose(listener.best, changed.scores(sound).numpy(), atol=1e-4)
