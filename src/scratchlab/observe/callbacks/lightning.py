"""Kernels read while Lightning trains::

    from scratchlab.observe.callbacks.lightning import KernelsCallback

    kernels = KernelsCallback({"valid": (inputs, labels)}, "kernels.parquet", layers=["encoder.*"])
    Trainer(max_epochs=10, callbacks=[kernels]).fit(module, datamodule=data)

For `lightning` and `pytorch_lightning` alike.
"""

from __future__ import annotations

from typing import Any

from torch import nn

from scratchlab.observe.callbacks.readings import Readings, base

# two releases of lightning were not its makers', and harmful
Callback: Any = base("Callback", ("lightning.pytorch", "pytorch_lightning"), "lightning!=2.6.2,!=2.6.3")


class KernelsCallback(Readings, Callback):
    """Settings are those of `Readings`. Layers without a name given are the module's children: name those that `forward` calls, where it
    holds others (losses, metrics) beside them.
    """

    def on_train_start(self, trainer: Any, pl_module: nn.Module) -> None:
        """Weights are where training begins, and the trial run of validation is over."""
        if trainer.is_global_zero:
            self.begins(pl_module, trainer.current_epoch, trainer.global_step)

    def on_train_batch_end(self, trainer: Any, pl_module: nn.Module, outputs: Any, batch: Any, batch_idx: int) -> None:
        """After a batch."""
        self.after_step(trainer.current_epoch + bool(trainer.is_last_batch), trainer.global_step)

    def on_train_epoch_end(self, trainer: Any, pl_module: nn.Module) -> None:
        """After an epoch and its validation."""
        self.after_epoch(trainer.current_epoch + 1, trainer.global_step)
