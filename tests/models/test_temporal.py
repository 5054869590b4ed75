"""Temporal modules: values, sizes, dependence on order, and messages."""

from __future__ import annotations

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import Tensor, nn

from scratchlab.checks import Problem
from scratchlab.models.temporal.centre import Centre
from scratchlab.models.temporal.frames import Frames
from scratchlab.models.temporal.transformer import Layer, Transformer
from scratchlab.types import Embeddings


def count(module: nn.Module) -> int:
    return sum(parameter.numel() for parameter in module.parameters())


def unpadded(matrix: Tensor) -> Embeddings:
    """Embeddings of equal length."""
    return Embeddings(matrix.mean(1), matrix, torch.full((len(matrix),), matrix.shape[1]))


# -- frames -----------------------------------------------------------------------------------------------


def test_frames_without_pooling_are_returned_unchanged() -> None:
    embeddings = unpadded(torch.randn(2, 5, 3))
    assert Frames(3, 3)(embeddings) is embeddings


def test_pooled_frames_by_hand() -> None:
    matrix = torch.tensor([[1.0, 3, 5, 7, 9], [2, 4, 8, 0, 0]])[..., None]
    embeddings = Frames(1, 1, pool=2)(Embeddings(matrix.mean(1), matrix, torch.tensor([5, 3])))
    assert embeddings.matrix[..., 0].tolist() == [[2, 6, 9], [3, 8, 0]]
    assert embeddings.lengths.tolist() == [3, 2]
    assert torch.equal(embeddings.vector, matrix.mean(1))


# -- the Transformer --------------------------------------------------------------------------------------


def test_parameters_of_a_published_size() -> None:
    """BERT-base (Devlin et al., arXiv 1810.04805) has 12 layers of 7,087,872 parameters: 768 channels, 3,072 units."""
    assert count(Layer(768, 12, 3072, 0.1)) == 7_087_872
    for channels, layers, width in ((32, 2, 4), (12, 3, 1)):
        layer = 4 * (channels**2 + channels) + 2 * width * channels**2 + (width + 1) * channels + 4 * channels
        ours = Transformer(channels, channels, layers=layers, width=float(width))
        assert count(ours) == layers * layer + 4 * channels
    assert count(Transformer(32, 32)) == 25_536
    assert count(Transformer(32, 32, position="learned", longest=100)) == 25_536 + 3_200


def test_a_layer_equals_torch_s() -> None:
    torch.manual_seed(0)
    ours = Layer(12, 3, 20, 0.0).double()
    theirs = nn.TransformerEncoderLayer(12, 3, 20, 0.0, batch_first=True, norm_first=True, dtype=torch.double)
    pairs = {
        "self_attn.in_proj_": ours.attention.queries_keys_values,
        "self_attn.out_proj.": ours.attention.joined,
        "linear1.": ours.wide,
        "linear2.": ours.narrow,
        "norm1.": ours.attention_norm,
        "norm2.": ours.wide_norm,
    }
    theirs.load_state_dict({prefix + name: value for prefix, part in pairs.items() for name, value in part.state_dict().items()})
    x = torch.randn(4, 7, 12).double()
    real = torch.arange(7) < torch.tensor([7, 5, 1, 3])[:, None]
    torch.testing.assert_close(ours(x, None), theirs(x))
    torch.testing.assert_close(ours(x, real)[real], theirs(x, src_key_padding_mask=~real)[real])


@given(order=st.permutations(range(6)), layers=st.integers(1, 2), seed=st.integers(0, 100))
def test_only_positional_encodings_make_the_order_matter(order: list[int], layers: int, seed: int) -> None:
    """Without them the vector is invariant and the steps equivariant to permutations; with them any permutation changes the vector."""
    torch.manual_seed(seed)
    matrix = torch.randn(2, 6, 8).double()
    for position in ("none", "sinusoidal", "learned"):
        module = Transformer(8, 8, layers=layers, heads=2, position=position).double().eval()
        one, other = module(unpadded(matrix)), module(unpadded(matrix[:, order]))
        if position == "none":
            torch.testing.assert_close(one.vector, other.vector)
            torch.testing.assert_close(one.matrix[:, order], other.matrix)
        elif order != sorted(order):
            assert not torch.allclose(one.vector, other.vector, rtol=0, atol=1e-9)


def test_the_vector_is_the_mean_of_the_real_steps() -> None:
    matrix = torch.randn(2, 6, 8)
    matrix[1, 4:] = 0
    embeddings = Transformer(20, 8).eval()(Embeddings(torch.randn(2, 20), matrix, torch.tensor([6, 4])))
    torch.testing.assert_close(embeddings.vector[1], embeddings.matrix[1, :4].mean(0))
    torch.testing.assert_close(embeddings.vector[0], embeddings.matrix[0].mean(0))


def test_heads_must_divide_the_channels() -> None:
    with pytest.raises(Problem, match=r"temporal.heads = 4 does not divide the encoder's 66 channels; .* do: 1, 2, 3, 6, 11, 22, 33, 66\."):
        Transformer(66, 66)


def test_learned_positions_are_limited() -> None:
    module = Transformer(8, 8, position="learned", longest=5, pool=2)
    assert module(unpadded(torch.randn(1, 10, 8))).matrix.shape == (1, 5, 8)
    with pytest.raises(Problem, match=r"An input has 6 steps, but temporal.longest = 5 positions .*position = 'sinusoidal'"):
        module(unpadded(torch.randn(1, 11, 8)))


def test_the_mean_step_is_subtracted() -> None:
    """The mean is over real steps: of the batch in training, the running mean in evaluation."""
    centre = Centre(2)
    matrix = torch.tensor([[[1.0, 2.0], [3.0, 4.0]], [[8.0, 0.0], [0.0, 0.0]]])
    given = Embeddings(torch.zeros(2, 3), matrix, torch.tensor([2, 1]))
    assert torch.equal(centre(given).matrix, torch.tensor([[[-3.0, 0.0], [-1.0, 2.0]], [[4.0, -2.0], [0.0, 0.0]]]))
    assert torch.allclose(centre.mean, torch.tensor([0.4, 0.2]))
    centre.eval()
    assert torch.allclose(centre(given).matrix[1], torch.tensor([[7.6, -0.2], [0.0, 0.0]]))
    assert torch.allclose(centre.mean, torch.tensor([0.4, 0.2]))
