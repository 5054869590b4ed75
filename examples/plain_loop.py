"""A plain PyTorch loop: a contrastive loss over class-balanced batches, evaluated by retrieval of images that were not trained on.

Digits of scikit-learn, some ten seconds on a CPU: half of the test images rank the other half, by pixels, by the untrained and by the
trained network. What is compared are plain tensors, so any network could have made them.
"""

import torch
from torch import Tensor

import scratchlab as sl


def mean_ap(embeddings: Tensor, labels: Tensor) -> sl.Estimate:
    """mAP, and its interval over probes, of every second of the n images ranking the others; embeddings `[n, d]`, labels `[n]`."""
    distances = -sl.similarity.cosine(embeddings[::2], embeddings[1::2])  # [probes, gallery]
    found = sl.metrics.retrieval(distances, labels[::2], labels[1::2])
    return sl.metrics.over_groups(found.ap, found.rows)


def main(epochs: int = 5) -> dict[str, sl.Estimate]:
    """Trains; returns the mAP of pixels, untrained and trained network."""
    torch.manual_seed(0)
    digits = sl.data.SklearnDigits().read()
    split = sl.protocols.ClosedSet(valid=0.0).plan(digits).split  # row numbers of training and of queries, a quarter
    images, labels = map(torch.from_numpy, digits.arrays())  # [1797, 1, 8, 8] and [1797]
    test, truth = images[split.query], labels[split.query]

    encoder = sl.models.Conv4(digits.form, channels=32, pools=2)
    loss, shift = sl.losses.SupervisedContrastive(temperature=0.1), sl.data.augment.PixelShift(pixels=1)
    sampler = sl.data.samplers.ClassBalanced(classes=10, rows=8)
    optimizer = torch.optim.Adam(encoder.parameters(), lr=3e-3)

    scores = {"pixels": mean_ap(test.flatten(1), truth), "untrained": mean_ap(embedded(encoder, test), truth)}
    for epoch in range(epochs):
        encoder.train()
        for batch in sampler.batches(labels[split.train], seed=0, epoch=epoch):
            rows = split.train[batch]
            optimizer.zero_grad()
            loss(encoder(shift(images[rows])), labels[rows]).backward()
            optimizer.step()
    scores["trained"] = mean_ap(embedded(encoder, test), truth)
    for name, estimate in scores.items():
        print(f"{name:>10}: mAP {estimate}")
    return scores


@torch.no_grad()
def embedded(encoder: sl.models.Encoder, images: Tensor) -> Tensor:
    """Vectors `[n, d]` of images `[n, channels, height, width]`."""
    return encoder.eval()(images).vector


if __name__ == "__main__":
    main()
