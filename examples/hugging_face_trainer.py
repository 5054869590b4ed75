"""The Trainer of transformers: a squared-error classifier, our metrics in its evaluation, and the alignment of layers with the labels.

`pip install transformers accelerate`; digits of scikit-learn, some ten seconds on a CPU; run with 5.24.0, 1.15.0 and torch 2.13.0.
"""

import tempfile
from pathlib import Path

import torch
from torch import Tensor
from transformers import EvalPrediction, Trainer, TrainingArguments

import scratchlab as sl
from scratchlab.observe.callbacks.hugging_face import KernelsCallback


class Classifier(torch.nn.Module):
    """An encoder, and for each class a weight `[d + 1]` of a linear readout with bias."""

    def __init__(self, encoder: sl.models.Encoder, classes: int) -> None:
        super().__init__()
        self.encoder, self.weights = encoder, torch.nn.Parameter(torch.randn(classes, encoder.dim + 1) / encoder.dim)
        self.readout = sl.similarity.Linear()
        self.loss = sl.losses.SquaredError(self.readout)

    def forward(self, images: Tensor, labels: Tensor | None = None) -> dict[str, Tensor]:
        vectors = self.encoder(images).vector
        logits = {"logits": self.readout(vectors, self.weights)}
        return logits if labels is None else {"loss": self.loss(vectors, labels, self.weights), **logits}


def metrics(prediction: EvalPrediction) -> dict[str, float]:
    """Balanced accuracy of logits `[n, classes]`."""
    return {"balanced": sl.metrics.balanced_accuracy(prediction.predictions.argmax(1), prediction.label_ids)}


def main(epochs: int = 5) -> tuple[dict[str, float], list[float]]:
    """Trains; returns the test metrics, and the CKA of the vectors with the labels before training and after each epoch."""
    torch.manual_seed(0)
    digits = sl.data.SklearnDigits().read()
    split = sl.protocols.ClosedSet(valid=0.0).plan(digits).split
    images, labels = map(torch.from_numpy, digits.arrays())  # [1797, 1, 8, 8] and [1797]
    train, test = ([{"images": images[row], "labels": labels[row]} for row in rows] for rows in (split.train, split.query))

    folder, sets = Path(tempfile.mkdtemp()), {"test": (images[split.query], labels[split.query])}
    kernels = KernelsCallback(sets, folder / "kernels.parquet", layers=["encoder"], between=False)
    settings = {"per_device_train_batch_size": 64, "learning_rate": 3e-3, "use_cpu": True, "save_strategy": "no", "report_to": "none"}
    arguments = TrainingArguments(str(folder), num_train_epochs=epochs, **settings)
    model = Classifier(sl.models.Conv4(digits.form, channels=32, pools=2), 10)
    trainer = Trainer(model, arguments, train_dataset=train, eval_dataset=test, compute_metrics=metrics, callbacks=[kernels])
    trainer.train()

    found, cka = trainer.evaluate(), kernels.table().filter(kind="target", layer="encoder")["debiased"].to_list()
    print(f"balanced accuracy {found['eval_balanced']:.1%}; CKA with the labels by epoch: {', '.join(f'{value:.2f}' for value in cka)}")
    return found, cka


if __name__ == "__main__":
    main()
