"""Training speed of our BC-ResNet against a plain module written straight from the paper.

Run: python benchmarks/bc_resnet.py [width ...]
Prints clips per CPU-second of a training step (forward, backward, SGD; batches of 100 clips of 40 × 101, 20 classes,
one thread), the two taking turns, and of inference. The tests load `Plain` from here as the twin ours must equal.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Callable
from statistics import median

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from scratchlab.model.encoders.bc_resnet import BCResNet
from scratchlab.types import Spectrogram


class PlainSubSpectralNorm(nn.BatchNorm2d):
    """Batch normalisation of every (channel, sub-band) pair (arXiv 2103.13620)."""

    def __init__(self, channels: int, sub_bands: int) -> None:
        super().__init__(channels * sub_bands)
        self.sub_bands = sub_bands

    def forward(self, input: Tensor) -> Tensor:  # noqa: A002 (the name it has in torch)
        n, c, f, t = input.shape
        return super().forward(input.reshape(n, c * self.sub_bands, f // self.sub_bands, t)).reshape(n, c, f, t)


class PlainBlock(nn.Module):
    """arXiv 2106.04140, equation 2: y = x + f2(x) + BC(f1(avgpool(f2(x)))), then ReLU; a transition has no x."""

    def __init__(self, inward: int, outward: int, stride: int, dilation: int, sub_bands: int, dropout: float, transition: bool) -> None:
        super().__init__()
        self.transition = transition
        if transition:
            self.pointwise = nn.Conv2d(inward, outward, 1, bias=False)
            self.pointwise_norm = nn.BatchNorm2d(outward)
        self.frequency = nn.Conv2d(outward, outward, (3, 1), (stride, 1), (1, 0), groups=outward, bias=False)
        self.frequency_norm = PlainSubSpectralNorm(outward, sub_bands)
        self.temporal = nn.Conv2d(outward, outward, (1, 3), 1, (0, dilation), (1, dilation), outward, bias=False)
        self.temporal_norm = nn.BatchNorm2d(outward)
        self.mix = nn.Conv2d(outward, outward, 1, bias=False)
        self.dropout = nn.Dropout2d(dropout)

    def forward(self, x: Tensor) -> Tensor:
        if self.transition:
            x = F.relu(self.pointwise_norm(self.pointwise(x)))
        y = self.frequency_norm(self.frequency(x))
        z = y.mean(2, keepdim=True)
        z = self.dropout(self.mix(F.silu(self.temporal_norm(self.temporal(z)))))
        return F.relu(y + z if self.transition else x + y + z)


class Plain(nn.Module):
    """arXiv 2106.04140, table 1, up to the pooling; features `[n, 1, bands, frames]` -> (vector, matrix `[n, t, c]`)."""

    def __init__(self, width: float = 1.0, sub_bands: int = 5, dropout: float = 0.1, time_stride: int = 1) -> None:
        super().__init__()
        stem, *stages, head = (round(c * width) for c in (16, 8, 12, 16, 20, 32))
        self.stem = nn.Conv2d(1, stem, 5, (2, time_stride), 2, bias=False)
        self.stem_norm = nn.BatchNorm2d(stem)
        blocks: list[nn.Module] = []
        inward = stem
        for outward, depth, stride, dilation in zip(stages, (2, 2, 4, 4), (1, 2, 2, 1), (1, 2, 4, 8), strict=True):
            for i in range(depth):
                blocks.append(PlainBlock(inward, outward, stride if i == 0 else 1, dilation, sub_bands, dropout, i == 0))
                inward = outward
        self.blocks = nn.Sequential(*blocks)
        self.last = nn.Conv2d(inward, inward, 5, 1, (0, 2), groups=inward, bias=False)
        self.head = nn.Conv2d(inward, head, 1, bias=False)
        self.head_norm = nn.BatchNorm2d(head)

    def forward(self, x: Tensor) -> tuple[Tensor, Tensor]:
        x = self.blocks(F.relu(self.stem_norm(self.stem(x))))
        matrix = F.relu(self.head_norm(self.head(self.last(x)))).mean(2).transpose(1, 2)
        return matrix.mean(1), matrix


BATCH, BANDS, FRAMES, CLASSES = 100, 40, 101, 20


def vector_of(encoder: nn.Module) -> Callable[[Tensor], Tensor]:
    """The encoder as a function from features to vectors."""
    if isinstance(encoder, BCResNet):
        return lambda x: encoder(x, torch.full((len(x),), x.shape[-1])).vector
    return lambda x: encoder(x)[0]


def training_step(encoder: nn.Module, dim: int, x: Tensor, labels: Tensor) -> Callable[[], None]:
    """One step of SGD as a function to be timed."""
    vector, classifier = vector_of(encoder), nn.Linear(dim, CLASSES)
    optimiser = torch.optim.SGD([*encoder.parameters(), *classifier.parameters()], lr=0.01, momentum=0.9, weight_decay=1e-3)

    def step() -> None:
        optimiser.zero_grad()
        F.cross_entropy(classifier(vector(x)), labels).backward()
        optimiser.step()

    return step


def seconds(work: Callable[[], object], times: int) -> float:
    """CPU-seconds of one call."""
    start = time.process_time()
    for _ in range(times):
        work()
    return (time.process_time() - start) / times


def compare(width: float, training: bool, repeats: int = 7, times: int = 3) -> None:
    """Both modules in turn; prints the median rates and their ratio."""
    torch.manual_seed(0)
    x, labels = 2 + torch.randn(BATCH, 1, BANDS, FRAMES), torch.randint(CLASSES, (BATCH,))
    ours, plain = BCResNet(Spectrogram(BANDS), width=width), Plain(width)
    plain.load_state_dict(ours.state_dict())

    def work(module: nn.Module) -> Callable[[], object]:
        module.train(training)
        vector = vector_of(module)
        return training_step(module, ours.dim, x, labels) if training else lambda: vector(x)

    with torch.set_grad_enabled(training):
        works = work(ours), work(plain)
        for warm in works:
            seconds(warm, 1)
        taken = [[seconds(work, times) for work in works] for _ in range(repeats)]
    fast, slow = (BATCH / median(column) for column in zip(*taken, strict=True))
    ratios = [b / a for a, b in taken]
    print(f"τ={width:g} {'training ' if training else 'inference'}: ours {fast:.0f}, plain {slow:.0f} clips per CPU-second; ", end="")
    print(f"×{median(ratios):.2f} ({min(ratios):.2f}–{max(ratios):.2f})")


if __name__ == "__main__":
    torch.set_num_threads(1)
    for width in [float(word) for word in sys.argv[1:]] or [1.0, 2.0]:
        compare(width, training=True)
        compare(width, training=False)
