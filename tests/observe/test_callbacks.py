"""Callbacks in trainings with the real libraries: weights are unchanged bit for bit, and all readings are taken."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest
import torch
from torch import Tensor, nn
from torch.utils.data import DataLoader, TensorDataset

from scratchlab.checks import Problem
from scratchlab.observe.callbacks.readings import Readings
from scratchlab.observe.kernels import Kernels

LABELS = np.arange(48) % 3
INPUTS = torch.randn(48, 6, generator=torch.Generator().manual_seed(0)) + torch.from_numpy(LABELS)[:, None]
SETS = {"valid": (INPUTS, LABELS)}
ADVICE = {
    "lightning": "needs lightning, which is not installed here: pip install 'lightning!=2.6.2,!=2.6.3'",
    "hugging_face": "needs transformers, which is not installed here: pip install 'transformers'",
}


def network() -> nn.Sequential:
    torch.manual_seed(3)
    return nn.Sequential(nn.Linear(6, 8), nn.BatchNorm1d(8), nn.ReLU(inplace=True), nn.Dropout(0.5), nn.Linear(8, 3))


def state(module: nn.Module) -> list[Tensor]:
    return [tensor.clone() for tensor in module.state_dict().values()]


def places(path: Path) -> list[tuple[int, int]]:
    return list(pl.read_parquet(path).select("epoch", "step").unique(maintain_order=True).iter_rows())


def fitted(lightning: Any, callbacks: list[Any], folder: Path, **settings: Any) -> nn.Module:
    """Lightning's training loop with a data module and validation: 4 epochs of 3 batches in random order, with dropout."""

    class Module(lightning.LightningModule):
        def __init__(self) -> None:
            super().__init__()
            self.net, self.loss = network(), nn.CrossEntropyLoss()

        def forward(self, x: Tensor) -> Tensor:
            return self.net(x)

        def training_step(self, batch: list[Tensor], batch_idx: int) -> Tensor:
            return self.loss(self(batch[0]), batch[1])

        def validation_step(self, batch: list[Tensor], batch_idx: int) -> None:
            self.log("valid_loss", self.loss(self(batch[0]), batch[1]))

        def configure_optimizers(self) -> torch.optim.Optimizer:
            return torch.optim.SGD(self.parameters(), lr=0.1, momentum=0.9)

    class Data(lightning.LightningDataModule):
        def train_dataloader(self) -> DataLoader[Any]:
            return DataLoader(TensorDataset(INPUTS, torch.from_numpy(LABELS)), batch_size=16, shuffle=True)

        def val_dataloader(self) -> DataLoader[Any]:
            return DataLoader(TensorDataset(INPUTS[:16], torch.from_numpy(LABELS[:16])), batch_size=8)

    torch.manual_seed(7)
    quiet = {"logger": False, "enable_checkpointing": False, "enable_progress_bar": False, "enable_model_summary": False}
    trainer = lightning.Trainer(max_epochs=4, accelerator="cpu", default_root_dir=folder, callbacks=callbacks, **quiet, **settings)
    module = Module()
    trainer.fit(module, datamodule=Data())
    return module


@pytest.mark.parametrize("name", ["lightning.pytorch", "pytorch_lightning"])
def test_lightning_training_is_unchanged_bit_for_bit(name: str, tmp_path: Path) -> None:
    lightning = pytest.importorskip(name, reason="needs lightning, which is not among the development packages")
    from scratchlab.observe.callbacks.lightning import KernelsCallback

    kernels = KernelsCallback(SETS, tmp_path / "kernels.parquet", layers=["net.*"], batch=20)
    plain, watched = fitted(lightning, [], tmp_path), fitted(lightning, [kernels], tmp_path)
    for first, second in zip(state(plain), state(watched), strict=True):
        assert torch.equal(first, second)
    assert places(tmp_path / "kernels.parquet") == [(0, 0), (1, 3), (2, 6), (3, 9), (4, 12)]
    last = Kernels(watched, SETS, layers=["net.*"], batch=20).read(epoch=4, step=12)
    assert pl.read_parquet(tmp_path / "kernels.parquet").filter(epoch=4, kind="target").rows(named=True) == [
        row for row in last if row["kind"] == "target"
    ]


def test_lightning_readings_by_steps_and_layers_that_are_not_called(tmp_path: Path) -> None:
    lightning = pytest.importorskip("lightning.pytorch", reason="needs lightning, which is not among the development packages")
    from scratchlab.observe.callbacks.lightning import KernelsCallback

    path = tmp_path / "kernels.parquet"
    fitted(lightning, [KernelsCallback(SETS, path, layers=["net.0"], every=5)], tmp_path)
    assert places(path) == [(0, 0), (1, 5), (3, 10)]
    gathered = KernelsCallback(SETS, path, layers=["net.0"], every=2)
    fitted(lightning, [gathered], tmp_path, accumulate_grad_batches=3)
    assert places(path) == [(0, 0), (2, 2), (4, 4)], "a step is an optimizer step, over several batches"
    with pytest.raises(Problem, match="The layer loss was never called; name other layers"):
        fitted(lightning, [KernelsCallback(SETS, path, layers=["net.0", "loss"])], tmp_path)


def trained(callbacks: list[Any], folder: Path, **settings: Any) -> nn.Module:
    """The training loop of Trainer, with evaluation after each epoch."""
    from transformers import Trainer, TrainingArguments

    class Rows(torch.utils.data.Dataset):  # type: ignore[type-arg]
        def __len__(self) -> int:
            return len(INPUTS)

        def __getitem__(self, i: int) -> dict[str, Any]:
            return {"x": INPUTS[i], "labels": int(LABELS[i])}

    class Model(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.net = network()

        def forward(self, x: Tensor, labels: Tensor | None = None) -> dict[str, Tensor]:
            logits = self.net(x)
            return {"logits": logits} if labels is None else {"loss": nn.functional.cross_entropy(logits, labels), "logits": logits}

    model = Model()
    arguments = TrainingArguments(
        output_dir=str(folder / "out"),
        num_train_epochs=4,
        per_device_train_batch_size=16,
        learning_rate=0.01,
        eval_strategy="epoch",
        save_strategy="no",
        report_to="none",
        disable_tqdm=True,
        use_cpu=True,
        seed=7,
        **settings,
    )
    Trainer(model=model, args=arguments, train_dataset=Rows(), eval_dataset=Rows(), callbacks=callbacks).train()
    return model


def test_transformers_training_is_unchanged_bit_for_bit(tmp_path: Path) -> None:
    pytest.importorskip("transformers", reason="needs transformers, which is not among the development packages")
    pytest.importorskip("accelerate", reason="needs accelerate, which is not among the development packages")
    from scratchlab.observe.callbacks.hugging_face import KernelsCallback

    path = tmp_path / "kernels.parquet"
    plain, watched = trained([], tmp_path), trained([KernelsCallback(SETS, path, layers=["net.*"])], tmp_path)
    for first, second in zip(state(plain), state(watched), strict=True):
        assert torch.equal(first, second)
    assert places(path) == [(0, 0), (1, 3), (2, 6), (3, 9), (4, 12)]
    last = Kernels(watched, SETS, layers=["net.*"]).read(epoch=4, step=12)
    assert pl.read_parquet(path).filter(epoch=4, kind="target").rows(named=True) == [row for row in last if row["kind"] == "target"]
    trained([KernelsCallback(SETS, path, layers=["net.0"], every=5)], tmp_path)
    assert places(path) == [(0, 0), (1, 5), (3, 10)]


def test_readings_of_a_transformers_model(tmp_path: Path) -> None:
    transformers = pytest.importorskip("transformers", reason="needs transformers, which is not among the development packages")
    pytest.importorskip("accelerate", reason="needs accelerate, which is not among the development packages")
    from scratchlab.observe.callbacks.hugging_face import KernelsCallback

    torch.manual_seed(0)
    shape = {"vocab_size": 20, "hidden_size": 16, "num_hidden_layers": 2, "num_attention_heads": 2, "intermediate_size": 16}
    model = transformers.BertForSequenceClassification(transformers.BertConfig(**shape, num_labels=3))
    ids = torch.randint(20, (12, 5))
    both = torch.stack([ids, torch.ones_like(ids)], 1)
    rows = [
        {"input_ids": tokens, "attention_mask": torch.ones_like(tokens), "labels": int(label)}
        for tokens, label in zip(ids, LABELS[:12], strict=True)
    ]
    kernels = KernelsCallback(
        {"train": (both, LABELS[:12])},
        tmp_path / "kernels.parquet",
        layers=["bert.encoder.layer.[01]"],
        forward=lambda model, both: model(input_ids=both[:, 0], attention_mask=both[:, 1]),
    )
    arguments = transformers.TrainingArguments(
        output_dir=str(tmp_path), num_train_epochs=2, report_to="none", save_strategy="no", disable_tqdm=True, use_cpu=True
    )
    transformers.Trainer(model=model, args=arguments, train_dataset=rows, callbacks=[kernels]).train()
    actual = pl.read_parquet(tmp_path / "kernels.parquet").filter(kind="target")
    assert actual["epoch"].unique().to_list() == [0, 1, 2]
    assert {"bert.encoder.layer.0", "bert.encoder.layer.1"} < set(actual["layer"])


@pytest.mark.parametrize("name", ADVICE)
def test_without_the_library_it_says_what_to_install(name: str) -> None:
    hidden = "import sys; sys.modules |= dict.fromkeys(['lightning', 'lightning.pytorch', 'pytorch_lightning', 'transformers'])\n"
    code = f"{hidden}import scratchlab.observe.callbacks.{name}"
    completed = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert f"ImportError: This callback {ADVICE[name]}" in completed.stderr


def test_no_other_module_imports_these_libraries() -> None:
    code = "import sys, scratchlab, scratchlab.experiment, scratchlab.observe.kernels, scratchlab.observe.callbacks.readings\n"
    code += "assert not {'lightning', 'pytorch_lightning', 'transformers'} & set(sys.modules)"
    subprocess.run([sys.executable, "-c", code], check=True)


def test_readings_in_a_plain_loop(tmp_path: Path) -> None:
    """Without any library: readings at the start and after each epoch, or after steps, once each."""
    path, net = tmp_path / "kernels.parquet", network()
    readings = Readings(SETS, path, layers=["0"])
    with pytest.raises(Problem, match="no readings yet"):
        readings.table()
    readings.start(net, 0, 0)
    readings.after_step(0, 1)
    readings.after_epoch(1, 1)
    assert places(path) == [(0, 0), (1, 1)]
    assert readings.table().equals(pl.read_parquet(path))
    readings = Readings(SETS, path, layers=["0"], every=2)
    readings.start(net, 5, 10)
    for step in (10, 11, 12, 12, 13, 14):
        readings.after_step(5, step)
    readings.after_epoch(6, 14)
    assert places(path) == [(5, 10), (5, 12), (5, 14)]
    with pytest.raises(Problem, match="every = -1 is not a number of steps"):
        Readings(SETS, path, every=-1)
    (tmp_path / "file").write_text("")
    with pytest.raises(Problem, match="cannot be written"):
        Readings(SETS, tmp_path / "file" / "kernels.parquet", layers=["0"]).start(net, 0, 0)


def test_another_process_reads_nothing(tmp_path: Path) -> None:
    readings = Readings(SETS, tmp_path / "kernels.parquet", layers=["0"])
    readings.after_epoch(1, 1)
    assert not (tmp_path / "kernels.parquet").exists()
