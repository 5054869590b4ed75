"""Lightning: a cosine classifier with a margin, accuracy with its interval, and the alignment of the embeddings with the labels per epoch.

`pip install 'lightning!=2.6.2,!=2.6.3'`; digits of scikit-learn, some ten seconds on a CPU; run with 2.6.6 and torch 2.13.0.
"""

import tempfile
from pathlib import Path

import lightning.pytorch as lightning
import torch
from torch import Tensor
from torch.utils.data import DataLoader, TensorDataset

import scratchlab as sl
from scratchlab.observe.callbacks.lightning import KernelsCallback


class CosineClassifier(lightning.LightningModule):
    """An encoder and one weight `[d]` for each class; called with images, it gives their cosines `[n, classes]`."""

    def __init__(self, encoder: sl.models.Encoder, classes: int) -> None:
        super().__init__()
        self.encoder, self.weights = encoder, torch.nn.Parameter(torch.randn(classes, encoder.dim))
        self.loss = sl.losses.CrossEntropy(margin=0.2)

    def forward(self, images: Tensor) -> Tensor:
        return sl.similarity.cosine(self.encoder(images).vector, self.weights)

    def training_step(self, batch: list[Tensor], batch_idx: int) -> Tensor:
        images, labels = batch
        return self.loss(self.encoder(images), labels, self.weights)

    def configure_optimizers(self) -> torch.optim.Optimizer:
        return torch.optim.Adam(self.parameters(), lr=3e-3)


def main(epochs: int = 5) -> tuple[sl.Estimate, list[float]]:
    """Trains; returns the test accuracy, and the CKA of the vectors with the labels before training and after each epoch."""
    torch.manual_seed(0)
    digits = sl.data.SklearnDigits().read()
    split = sl.protocols.ClosedSet(valid=0.0).plan(digits).split
    images, labels = map(torch.from_numpy, digits.arrays())  # [1797, 1, 8, 8] and [1797]
    loader = DataLoader(TensorDataset(images[split.train], labels[split.train]), batch_size=64, shuffle=True)
    test = images[split.query], labels[split.query]

    module = CosineClassifier(sl.models.Conv4(digits.form, channels=32, pools=2), classes=10)
    kernels = KernelsCallback({"test": test}, Path(tempfile.mkdtemp()) / "kernels.parquet", layers=["encoder"], between=False)
    trainer = lightning.Trainer(max_epochs=epochs, accelerator="cpu", callbacks=[kernels], logger=False, enable_checkpointing=False)
    trainer.fit(module, loader)

    accuracy = sl.metrics.over_groups(module.eval()(test[0]).argmax(1) == test[1], split.query)
    cka = kernels.table().filter(kind="target", layer="encoder")["debiased"].to_list()
    print(f"accuracy {accuracy}; CKA with the labels by epoch: {', '.join(f'{value:.2f}' for value in cka)}")
    return accuracy, cka


if __name__ == "__main__":
    main()
