"""Two inputs side by side: a path computed by hand, every sentence, the page in a browser, the command on a run."""

from __future__ import annotations

import html
import io
import re
import shutil
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from rich.console import Console
from tests.report import browser
from tests.report.conftest import recipe, samples

from scratchlab.analysis.pair import Clip, Pair, chosen
from scratchlab.checks import Problem
from scratchlab.cli import main
from scratchlab.experiment import perform
from scratchlab.pipeline import SECTIONS
from scratchlab.recipe import resolve
from scratchlab.report.pair import figures, page, terminal, words
from scratchlab.similarity.catalog import SIMILARITIES
from scratchlab.similarity.pairing import along, paired
from scratchlab.store.run import Run
from scratchlab.types import Embeddings, Image, Spectrogram, Waveform

SOUND: tuple[Any, Any] = (Waveform(8000), Spectrogram(5))
STREAMS: tuple[Any, Any] = (Waveform(8000), Spectrogram(5, ("speech", "residual")))
PICTURE: tuple[Any, Any] = (Image(3, 6, 40), Image(3, 6, 40))

# e1 e2 e3 and e1 e2 e2 e3: every step has an equal one
ONE, OTHER = torch.eye(3), torch.eye(3)[[0, 1, 1, 2]]


def embeddings(*matrices: torch.Tensor, streams: tuple[str, ...] = ()) -> Embeddings:
    whole = torch.nn.utils.rnn.pad_sequence(list(matrices), batch_first=True)
    return Embeddings(torch.stack([x.mean(0) for x in matrices]), whole, torch.tensor([len(x) for x in matrices]), streams)


def similarities(*names: str, **settings: Any) -> dict[str, Any]:
    return {name: SIMILARITIES[name](**settings.get(name, {})) for name in names}


def pair(run: Run, both: Embeddings, forms: tuple[Any, Any], *names: str, seconds: float = 0.4, **settings: Any) -> Pair:
    rng, (form, feature_form) = np.random.default_rng(0), forms

    def clip(name: str, longer: float) -> Clip:
        if isinstance(form, Waveform):
            values = rng.uniform(-1, 1, round(seconds * longer * form.rate)).astype(np.float32)
            features = rng.normal(size=(max(1, len(feature_form.streams)), feature_form.bands, 40)).astype(np.float32)
        else:
            values = features = rng.uniform(0, 1, (form.channels, form.height, form.width)).astype(np.float32)
        return Clip(f"<i>/{name}.wav", f"word <b>{name}</b>", "somebody", values, features)

    return Pair(run, clip("a", 1), clip("b", 1.5), form, feature_form, paired(similarities(*names, **settings), both))


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Run:
    return Run.create(tmp_path_factory.mktemp("runs"), recipe("pairs", 3), "Pairs & <em>more</em>")


@pytest.fixture(scope="module")
def made(run: Run) -> dict[str, Pair]:
    """One pair for every kind of page."""
    names = ("cosine", "dtw", "cka")
    long = torch.randn(450, 4, generator=torch.Generator().manual_seed(0))
    return {
        "sound": pair(run, embeddings(ONE, OTHER), SOUND, *names),
        "streams": pair(run, embeddings(ONE.repeat(1, 2), OTHER.repeat(1, 2), streams=("speech", "residual")), STREAMS, *names),
        "long": pair(run, embeddings(long, long[:300]), SOUND, "soft_dtw", seconds=8.0),
        "image": pair(run, embeddings(ONE, ONE), PICTURE, "cosine"),
        "step": pair(run, embeddings(ONE[:1], OTHER[:1]), PICTURE, *names),
        "mixed": pair(run, embeddings(ONE[:1], OTHER), SOUND, *names),
    }


KINDS = ("sound", "streams", "long", "image", "step", "mixed")


def read(found: Pair) -> str:
    """The page as text, without its scripts."""
    text = re.sub(r"<(script|style)\b.*?</\1>", "", page.page(found), flags=re.DOTALL)
    return re.sub(r"\s+", " ", html.unescape(re.sub(r"<[^>]+>", "", text.replace("</td>", " ").replace("</th>", " "))))


# -- numbers ----------------------------------------------------------------------------------------------


def test_steps_with_equal_ones_are_matched(made: dict[str, Pair]) -> None:
    found = made["sound"].pairing
    assert found.path.tolist() == [[0, 0], [1, 1], [1, 2], [2, 3]]
    assert found.along.tolist() == [1, 1, 1]
    assert found.cosines.tolist() == (ONE @ OTHER.T).tolist()
    assert found.verdicts["dtw"].score == 0
    assert found.verdicts["cosine"].score == pytest.approx(4 / np.sqrt(3 * 6))
    assert found.verdicts["cosine"].reversal.reversed == pytest.approx(1)
    assert [one.sees_order for one in found.verdicts.values()] == [False, True, False]
    # e1 e2 e3 backwards: only the middle is equal, or e3 meets e3 at the price of two others; e1 e2 e2 e3: two of four
    assert found.verdicts["dtw"].reversal.reversed == pytest.approx(-(2 / 3 + 2 / 4) / 2)


def test_the_score_of_a_step_is_the_mean_of_its_pairs() -> None:
    path, costs = np.array([[0, 0], [0, 1], [1, 2], [2, 2]]), np.array([0.5, 1.0, 0.25, 2.0], np.float32)
    assert along(path, costs).tolist() == [0.25, 0.75, -1.0]


def test_the_path_keeps_to_the_recipes_window_and_stream() -> None:
    """The second stream pairs other steps than the first; a narrow window keeps near the diagonal."""
    both = embeddings(torch.cat([ONE, ONE.flip(0)], 1), torch.cat([OTHER, OTHER], 1), streams=("first", "second"))
    narrow = paired(similarities("cosine", "dtw", dtw={"window": 0.2, "stream": "second"}), both)
    assert (narrow.window, narrow.stream) == (0.2, "second")
    assert narrow.cosines.tolist() == (ONE.flip(0) @ OTHER.T).tolist()
    alone = paired(similarities("dtw", dtw={"window": 0.2, "stream": "second"}), both)
    assert -alone.verdicts["dtw"].score * 4 == pytest.approx(float(narrow.costs.sum()))
    assert paired(similarities("soft_dtw", soft_dtw={"window": 0.5}), both).window == 0.5


def test_ids_are_found_by_their_beginning_or_end() -> None:
    known = samples(("a", "b"), 3)  # 0/00000.wav … 1/00005.wav
    assert chosen(known, "0/00001.wav", "1/00003", "5.wav").tolist() == [1, 3, 5]
    for word, sentence in (
        ("1/", r"'1/' matches 3 inputs of this run: 1/00003.wav, 1/00004.wav, 1/00005.wav. Give a longer"),
        ("0/0001.wav", r"None of the 6 inputs of this run has the id '0/0001.wav'; .* Did you mean '0/00001.wav'\?"),
        ("zzz", r"The first is '0/00000.wav'"),
        ("", r"None of the 6 inputs of this run has the id ''"),
    ):
        with pytest.raises(Problem, match=sentence):
            chosen(known, word)


# -- words ------------------------------------------------------------------------------------------------


def test_sentences_about_the_path(made: dict[str, Pair]) -> None:
    first, second = words.alignment(made["sound"])
    assert first.startswith(
        "The 4 pairs of steps on the DTW path have a mean cosine of 1.000; over all 3 × 4 pairs, cosines are between 0.000 and"
    )
    assert second == "The path deviates from the diagonal by at most 17% of the length, where B is behind A."
    assert words.alignment(made["image"])[1] == "The path is the diagonal."
    (alone,) = words.alignment(made["step"])
    assert alone.startswith(
        "No alignment: the encoder produces a single step per input (from 40 columns of A), so the matrix is one cosine, 1.000"
    )
    assert words.alignment(made["mixed"]) == [
        "A has a single step, with which every step of the other is paired, so there is no alignment."
    ]
    assert words.number(-0.0001) == "0.000"
    assert words.number(-0.5) == "−0.500"


@pytest.mark.parametrize("kind", KINDS)
def test_every_score_is_on_the_page_and_in_the_terminal(made: dict[str, Pair], kind: str) -> None:
    found, console = made[kind], Console(width=160, record=True, file=io.StringIO())
    console.print(terminal.pair(found))
    told, text = console.export_text(), read(found)
    for name, one in found.pairing.verdicts.items():
        numbers = [words.number(value) for value in (one.score, one.reversal.itself, one.reversal.reversed)]
        assert f"{name} {' '.join(numbers)}" in text
        assert re.search(rf"{name} +{' +'.join(numbers)}", told)
    for line in words.alignment(found):
        assert line in text
    assert "None" not in text


# -- the page ---------------------------------------------------------------------------------------------


def test_the_chart_shares_its_axes(made: dict[str, Pair]) -> None:
    """A's strip, scores and matrix extend from 0 to the length of A, also if many steps are averaged."""
    for kind in ("sound", "streams", "long", "image"):
        found = made[kind]
        figure = figures.alignment(found)
        matrix, _, path, stair = figure["data"]
        end = found.extent(found.a)
        assert figure["layout"]["xaxis"]["range"] == [0, end]
        assert figure["layout"]["images"][0]["sizex"] == end
        assert stair["x"][-1] == pytest.approx(end, abs=1e-3)
        assert len(matrix["z"][0]) * matrix["dx"] == pytest.approx(end, rel=0.01)
        assert max(len(matrix["z"]), len(matrix["z"][0])) <= figures.MOST
        assert 0 < min(path["x"]) < max(path["x"]) < end
        assert len(path["customdata"]) == len(found.pairing.path)


@pytest.mark.parametrize("kind", KINDS)
def test_the_page_is_small_ordered_safe_and_self_contained(made: dict[str, Pair], kind: str) -> None:
    source = page.page(made[kind])
    shown = re.sub(r"<(script|style)\b.*?</\1>", "", source, flags=re.DOTALL)
    assert len(source) < 3_500_000
    assert "<b>a</b>" not in shown
    assert "<em>" not in shown
    assert "<i>" not in shown
    assert not re.search(r'(src|href)="(?!#|data:)', shown)
    ids = re.findall(r'\bid="([^"]+)"', shown)
    assert all(target in ids for target in re.findall(r'href="#([^"]+)"', shown))


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("width", [1280, 375])
def test_it_opens_from_disk_and_fits(chromium: Any, made: dict[str, Pair], kind: str, width: int, tmp_path: Path) -> None:
    with browser.opened(chromium, page.write(made[kind], tmp_path / "page.html"), width) as tab:
        drawn = 0 if made[kind].pairing.plain else 1
        assert tab.locator("[data-figure] svg g.subplot.xy").count() == drawn
        assert tab.locator("[data-figure] svg image[*|href^='data:image/png']").count() >= 2 * drawn
        assert tab.evaluate("document.documentElement.scrollWidth") <= width
        sounds = tab.locator("audio").count()
        assert sounds == (2 if isinstance(made[kind].form, Waveform) else 0)
        tab.wait_for_function("[...document.querySelectorAll('audio')].every((one) => one.readyState >= 2 || one.error)")
        assert tab.evaluate("[...document.querySelectorAll('audio')].map((one) => one.error)") == [None] * sounds
        assert tab.evaluate("[...document.images].every((one) => one.complete && one.naturalWidth > 10)")


# -- the command ------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def melodies(tmp_path_factory: pytest.TempPathFactory) -> Run:
    """A run of one epoch."""
    raw = {
        "data": {"name": "synthetic", "classes": 4, "groups": 4, "clips": 3, "seconds": 0.3},
        "protocol": {"base": 3, "way": 1, "shot": 2, "sessions": 1, "order": "source", "draws": 1},
        "similarity": {"cosine": {}, "dtw": {"window": 0.5}},
        "training": {"epochs": 1, "batch": 12},
        "schedule": {"warmup": 0},
    }
    resolved = resolve(raw, SECTIONS, "melodies")
    run = Run.create(tmp_path_factory.mktemp("runs"), resolved)
    perform(resolved, run, Console(quiet=True))
    return run


def command(monkeypatch: pytest.MonkeyPatch, run: Run, *words: str) -> None:
    monkeypatch.setenv("COLUMNS", "300")
    monkeypatch.setattr(sys, "argv", ["scratchlab", "pair", str(run.folder), *words])
    main()


def test_the_command_writes_a_page_in_the_runs_folder(
    chromium: Any, melodies: Run, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    with pytest.raises(SystemExit) as ended:
        command(monkeypatch, melodies, "melody000/speaker001_002", "melody003/speaker000_000")
    assert ended.value.code in (0, None)
    told = capsys.readouterr().out
    assert "The limit is 50% of the length (dtw.window)." in told
    (page,) = melodies.folder.glob("pair-*.html")
    assert page.name == "pair-melody000-speaker001_002-melody003-speaker000_000.html"
    assert page.resolve().as_uri() in told
    with browser.opened(chromium, page) as tab:
        assert tab.locator("h1 + .headline").inner_text().startswith("melody000 and melody003: ")
    with pytest.raises(SystemExit):
        command(monkeypatch, melodies, "melody000/speaker001_002", "melody000/speaker001_002", "--out", str(tmp_path / "new" / "page.html"))
    assert "The path is the diagonal." in (tmp_path / "new" / "page.html").read_text()


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (("melody000-speaker001_002", "melody003/speaker000_000"), "Did you mean 'melody000/speaker001_002'?"),
        (("melody000", "melody003/speaker000_000"), "'melody000' matches 12 inputs of this run: "),
        (("melody000/speaker001_002", "melody003/speaker000_000", "--out", "/"), "/ is a folder; give a file with --out"),
    ],
)
def test_wrong_input_gets_one_sentence(
    melodies: Run, words: tuple[str, ...], sentence: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as ended:
        command(monkeypatch, melodies, *words)
    assert ended.value.code == 2
    assert sentence in capsys.readouterr().err


def test_a_run_without_weights_is_reported(
    melodies: Run, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    copy = Run(Path(shutil.copytree(melodies.folder, tmp_path / "copy")))
    copy.drop_arrays("weights")
    with pytest.raises(SystemExit):
        command(monkeypatch, copy, "melody000/speaker001_002", "melody003/speaker000_000")
    assert "weights.safetensors is missing" in capsys.readouterr().err
