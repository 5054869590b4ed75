"""Training speed of our BC-ResNet compared with a plain implementation of the paper.

Run: python benchmarks/bc_resnet.py [width ...]
Prints clips per CPU second of a training step (forward, backward, SGD; batches of 100 clips of 40 × 101, 20 classes, one thread) and of
inference, both in turns.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Callable
from statistics import median

import torch
import torch.nn.functional as F
from torch import Tensor, nn

import environment
from peers.bc_resnet import Plain
from scratchlab.models.encoders.bc_resnet import BCResNet
from scratchlab.types import Spectrogram

BATCH, BANDS, FRAMES, CLASSES = 100, 40, 101, 20


def vector_of(encoder: nn.Module) -> Callable[[Tensor], Tensor]:
    """The encoder as a function from features to vectors."""
    if isinstance(encoder, BCResNet):
        return lambda x: encoder(x, torch.full((len(x),), x.shape[-1])).vector
    return lambda x: encoder(x)[0]


def training_step(encoder: nn.Module, dim: int, x: Tensor, labels: Tensor) -> Callable[[], None]:
    """A function that performs one step of SGD."""
    vector, classifier = vector_of(encoder), nn.Linear(dim, CLASSES)
    optimiser = torch.optim.SGD([*encoder.parameters(), *classifier.parameters()], lr=0.01, momentum=0.9, weight_decay=1e-3)

    def step() -> None:
        optimiser.zero_grad()
        F.cross_entropy(classifier(vector(x)), labels).backward()
        optimiser.step()

    return step


def seconds(work: Callable[[], object], times: int) -> float:
    """CPU seconds of one call."""
    start = time.process_time()
    for _ in range(times):
        work()
    return (time.process_time() - start) / times


def compare(width: float, training: bool, repeats: int = 7, times: int = 3) -> None:
    """Time both modules in turns; print the median rates and their ratio."""
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
    print(f"τ={width:g} {'training ' if training else 'inference'}: ours {fast:.0f}, plain {slow:.0f} clips per CPU second; ", end="")
    print(f"×{median(ratios):.2f} ({min(ratios):.2f}–{max(ratios):.2f})")


if __name__ == "__main__":
    torch.set_num_threads(1)
    environment.print_environment()
    for width in [float(word) for word in sys.argv[1:]] or [1.0, 2.0]:
        compare(width, training=True)
        compare(width, training=False)
