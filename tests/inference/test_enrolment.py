"""Enrolment: words answer for new takes of themselves, bad recordings are named, and an interruption loses nothing."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import soundfile
import torch

from scratchlab.checks import Problem
from scratchlab.inference import enrolment, home_folder, recordings
from scratchlab.inference.enrolment import enrol
from scratchlab.inference.home import Home
from scratchlab.inference.recordings import Recording
from scratchlab.store import files


def test_new_takes_are_answered_and_other_sounds_are_unknown(home: Home, say: Callable[..., Any]) -> None:
    predictions = home.predict([say(word, take) for word in ("ai", "ia", "ue", "au") for take in (10, 11)])
    assert [one.best for one in predictions] == ["ai", "ai", "ia", "ia", "ue", "ue", "au", "au"]
    noise = np.random.default_rng(0).normal(0, 0.1, 12_000).astype(np.float32)
    assert [one.label for one in home.predict([noise, np.zeros(8000, dtype=np.float32)])] == ["unknown"] * 2


def test_any_rate_and_number_of_channels(home: Home, say: Callable[..., Any], tmp_path: Path) -> None:
    at_44 = np.repeat(say("ue", 10, rate=44_100)[:, None], 2, axis=1)
    soundfile.write(tmp_path / "stereo.flac", at_44, 44_100)
    soundfile.write(tmp_path / "narrow.wav", say("ue", 10, rate=8000), 8000)
    assert [one.best for one in home.predict([tmp_path / "stereo.flac", str(tmp_path / "narrow.wav")])] == ["ue", "ue"]
    assert home.predict(say("ue", 10, rate=8000), rate=8000)[0].best == "ue"


def test_a_home_read_again_is_the_same(home: Home, words: Path) -> None:
    made = enrolment.added(enrolment.empty(), recordings.of_folder(words, 16_000))
    assert made.classes == home.classes == ("ai", "au", "ia", "ue")
    assert made.threshold == home.threshold
    assert made.figures == home.figures
    for a, b in zip(made.recordings, home.recordings, strict=True):
        np.testing.assert_array_equal(a.sound, b.sound)
        assert (a.word, a.file, a.seconds, a.level, a.faults) == (b.word, b.file, b.seconds, b.level, b.faults)


# -- what is wrong with recordings --------------------------------------------------------------------


def fault(tmp_path: Path, sound: Any, rate: int = 16_000) -> Recording:
    path = tmp_path / "word" / "one.wav"
    path.parent.mkdir(exist_ok=True)
    soundfile.write(path, sound, rate)
    return recordings.read(path, "word", 16_000)


def test_faults_of_a_sound_are_named(tmp_path: Path, say: Callable[..., Any]) -> None:
    word = say("ai", 0)
    assert fault(tmp_path, word).faults == ()
    assert "silent" in fault(tmp_path, np.zeros(8000)).faults[0]
    assert not fault(tmp_path, np.zeros(8000)).usable
    assert "too quiet" in fault(tmp_path, 0.03 * word).faults[0]
    assert "clipped" in fault(tmp_path, np.clip(10 * word, -1, 1)).faults[0]
    assert "clipped" in fault(tmp_path, 0.7 * np.clip(10 * word, -1, 1)).faults[0]  # clipped, then made quieter
    assert "too short: 0.05 s" in fault(tmp_path, word[3000:3800]).faults[0]
    long = fault(tmp_path, np.concatenate([np.zeros(40_000), word, np.zeros(20_000)]))
    assert "too long" in long.faults[0]
    assert long.usable
    assert len(long.sound) == 32_000
    assert np.abs(long.sound).max() > 0.2


def test_a_swapped_recording_and_words_nearly_the_same_are_named(words: Path, tmp_path: Path, say: Callable[..., Any]) -> None:
    mixed = tmp_path / "mixed"
    shutil.copytree(words, mixed)
    soundfile.write(mixed / "ai" / "3.wav", say("ue", 20), 16_000)
    home = enrol(mixed, tmp_path / "home")
    assert [(Path(file).parts[-2:], remark) for file, remark in home.remarks] == [
        (("ai", "3.wav"), "sounds more like 'ue' than like the other recordings of 'ai'")
    ]
    assert home.alike == []
    shutil.copytree(words / "ue", mixed / "ue2")
    for take in range(4):
        soundfile.write(mixed / "ue2" / f"{take}.wav", say("ue", 30 + take), 16_000)
    assert enrol(mixed, tmp_path / "home2").alike == [("ue", "ue2")]


def test_real_recordings_planted_wrong_are_named(real_data: Callable[[str], Path], tmp_path: Path) -> None:
    root, names = real_data("fsdd"), ("zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine")
    for digit, name in enumerate(names):
        (tmp_path / "digits" / name).mkdir(parents=True)
        for take in range(5):
            sound, rate = soundfile.read(root / f"{digit}_george_{take}.flac")
            soundfile.write(tmp_path / "digits" / name / f"{take}.wav", sound, rate)
    clean = enrol(tmp_path / "digits", tmp_path / "clean")
    assert clean.figures["accuracy"].value is not None
    assert clean.figures["accuracy"].value > 0.9
    sound, rate = soundfile.read(root / "7_george_20.flac")
    soundfile.write(tmp_path / "digits" / "two" / "4.wav", sound, rate)
    soundfile.write(tmp_path / "digits" / "six" / "4.wav", np.zeros(4000), rate)
    loud, rate = soundfile.read(root / "8_george_20.flac")
    soundfile.write(tmp_path / "digits" / "eight" / "4.wav", np.clip(40 * loud, -1, 1), rate)
    home = enrol(tmp_path / "digits", tmp_path / "home")
    named = {Path(file).parts[-2:]: remark for file, remark in home.remarks}
    assert "sounds more like 'seven'" in named["two", "4.wav"]
    assert "silent" in named["six", "4.wav"]
    assert "clipped" in named["eight", "4.wav"]


# -- changes ------------------------------------------------------------------------------------------


def test_words_are_added_and_removed_without_touching_the_others(enrolled: Path, tmp_path: Path, say: Callable[..., Any]) -> None:
    place = tmp_path / "home"
    shutil.copytree(enrolled, place)
    for take in range(3):
        (tmp_path / "more" / "ea").mkdir(parents=True, exist_ok=True)
        soundfile.write(tmp_path / "more" / "ea" / f"{take}.wav", say("ea", take), 16_000)
    before = home_folder.load(enrolled)
    more = enrol(tmp_path / "more", place, add=True)
    assert more.classes == ("ai", "au", "ea", "ia", "ue")
    assert more.predict(say("ea", 10))[0].best == "ea"
    less = enrolment.removed(home_folder.load(place), ["ea"])
    assert less.classes == before.classes
    for a, b in zip(less.references, before.references, strict=True):
        torch.testing.assert_close(a, b, rtol=0, atol=0)
    assert less.threshold == before.threshold


@pytest.mark.parametrize("moment", range(8))
def test_an_interruption_leaves_the_old_home_or_the_new_one(
    moment: int, enrolled: Path, tmp_path: Path, words: Path, say: Callable[..., Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    place, count = tmp_path / "home", 0
    shutil.copytree(enrolled, place)
    old = home_folder.load(place)
    new = enrolment.removed(old, ["ai"])

    def killing(method: Callable[..., Any]) -> Callable[..., Any]:
        def step(*given: Any, **settings: Any) -> Any:
            nonlocal count
            count += 1
            if count == moment + 1:
                raise KeyboardInterrupt
            return method(*given, **settings)

        return step

    for name in ("replace", "unlink", "write_bytes", "mkdir"):
        monkeypatch.setattr(Path, name, killing(getattr(Path, name)))
    try:
        home_folder.save(new, place)
    except KeyboardInterrupt:
        pass
    finally:
        monkeypatch.undo()
    found = home_folder.load(place)
    assert found.classes in (old.classes, new.classes)
    assert found.predict(say("ue", 10))[0].best == "ue"
    home_folder.save(new, place)  # and the next one works
    assert home_folder.load(place).classes == new.classes
    assert len(list(place.glob("words-*"))) == 1
    assert not list(place.glob(".*"))


# -- bad input ----------------------------------------------------------------------------------------


def stopped(sentence: str, folder: Path, name: Path, **settings: Any) -> None:
    existed = name.exists()
    with pytest.raises(Problem, match=sentence):
        enrol(folder, name, **settings)
    assert name.exists() == existed


def test_bad_folders_get_a_sentence_and_write_nothing(words: Path, enrolled: Path, tmp_path: Path, say: Callable[..., Any]) -> None:
    new, empty = tmp_path / "new", tmp_path / "empty"
    stopped("There is no folder", tmp_path / "nowhere", new)
    empty.mkdir()
    stopped("contains no recording", empty, new)
    soundfile.write(empty / "flat.wav", say("ai", 0), 16_000)
    stopped("is not in a word's folder", empty, new)
    (empty / "flat.wav").unlink()
    (empty / "word").mkdir()
    (empty / "word" / "text.wav").write_text("not sound")
    stopped("text.wav cannot be decoded as audio", empty, new)
    soundfile.write(empty / "word" / "text.wav", say("ai", 0)[:800], 16_000)
    stopped("'word' has no usable recording: .*too short: 0.05 s", empty, new)
    soundfile.write(empty / "word" / "text.wav", say("ai", 0), 16_000)
    stopped("'word' is the only word, .*--others", empty, new)
    (empty / "unknown").mkdir()
    soundfile.write(empty / "unknown" / "one.wav", say("ia", 0), 16_000)
    stopped("must not be called 'unknown'", empty, new)
    stopped("holds enrolled words already; .*--add.*--replace", words, enrolled)
    stopped("to add words to; leave out --add", words, new, add=True)
    stopped("exists and holds no enrolled words", words, empty)


def test_one_recording_of_a_word_is_enrolled_but_cannot_be_measured(tmp_path: Path, say: Callable[..., Any]) -> None:
    for word in ("ai", "ue"):
        (tmp_path / "words" / word).mkdir(parents=True)
        soundfile.write(tmp_path / "words" / word / "one.wav", say(word, 0), 16_000)
    home = enrol(tmp_path / "words", tmp_path / "home")
    assert "every word has one recording" in home.figures["accuracy"].how
    assert home.predict(say("ue", 1))[0].best == "ue"


def test_one_word_with_other_sounds_has_a_threshold(tmp_path: Path, words: Path, say: Callable[..., Any]) -> None:
    shutil.copytree(words / "ai", tmp_path / "one" / "ai")
    shutil.copytree(words / "ue", tmp_path / "others")
    shutil.copytree(words / "au", tmp_path / "others" / "more")
    home = enrol(tmp_path / "one", tmp_path / "home", others=tmp_path / "others")
    assert home.predict([say("ai", 10), say("ue", 10)])[0].label == "ai"
    assert home.predict([say("ue", 10)])[0].label == "unknown"
    assert home_folder.load(tmp_path / "home").threshold == home.threshold


def test_input_that_is_no_recording_gets_a_sentence(home: Home, tmp_path: Path) -> None:
    (tmp_path / "text.wav").write_text("no sound")
    with pytest.raises(Problem, match=r"text.wav cannot be decoded"):
        home.predict([tmp_path / "text.wav"])
    with pytest.raises(Problem, match=r"There is no recording at .*none.wav"):
        home.predict([tmp_path / "none.wav"])
    with pytest.raises(Problem, match=r"input 2 is too short: 0.05 s"):
        home.predict([np.ones(1600, dtype=np.float32), np.ones(800, dtype=np.float32)])
    with pytest.raises(Problem, match=r"must be samples \[n\] of one channel"):
        home.predict(np.ones((2, 1600), dtype=np.float32))


@pytest.mark.parametrize(
    ("before", "after", "sentence"),
    [
        ("format = 1", "format = 2", "has the format 2, and this version reads 1"),
        ('words = "words-', 'words = "../words-', "damaged at files.words"),
        ("rate = 16000", 'rate = "fast"', "damaged at rate"),
        ("format = 1", "format = [", "is damaged"),
        ('name = "speech_embedding"', 'name = "none_such"', "There is no encoder named"),
    ],
)
def test_a_damaged_home_gets_a_sentence(before: str, after: str, sentence: str, enrolled: Path, tmp_path: Path) -> None:
    shutil.copytree(enrolled, tmp_path / "home")
    text = (tmp_path / "home" / "home.toml").read_text()
    assert before in text
    (tmp_path / "home" / "home.toml").write_text(text.replace(before, after))
    with pytest.raises(Problem, match=sentence):
        home_folder.load(tmp_path / "home")


def test_a_changed_file_of_words_is_refused(enrolled: Path, tmp_path: Path) -> None:
    shutil.copytree(enrolled, tmp_path / "home")
    path = next((tmp_path / "home").glob("words-*"))
    path.write_bytes(path.read_bytes()[:-1] + b"x")
    with pytest.raises(Problem, match="does not have the checksum in its name"):
        home_folder.load(tmp_path / "home")
    path.unlink()
    with pytest.raises(Problem, match="is missing"):
        home_folder.load(tmp_path / "home")


def test_a_full_disk_leaves_the_old_home(enrolled: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    shutil.copytree(enrolled, tmp_path / "home")
    old = home_folder.load(tmp_path / "home")

    def full(*_: Any, **__: Any) -> None:
        raise Problem("The disk is full")

    monkeypatch.setattr(files, "write", full)
    with pytest.raises(Problem, match="full"):
        home_folder.save(enrolment.removed(old, ["ai"]), tmp_path / "home")
    assert home_folder.load(tmp_path / "home").classes == old.classes
