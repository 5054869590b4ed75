"""CKA of layers during training with Lightning::

    from scratchlab.observe.callbacks.lightning import KernelsCallback

    kernels = KernelsCallback({"valid": (inputs, labels)}, "kernels.parquet", layers=["encoder.*"])
    Trainer(max_epochs=10, callbacks=[kernels]).fit(module, datamodule=data)

Works with both `lightning` and `pytorch_lightning`.
"""

from __future__ import annotations

from typing import Any

from torch import nn

from scratchlab.observe.callbacks.readings import Readings, callback_class

# releases 2.6.2 and 2.6.3 of lightning on PyPI were malicious and not published by its authors
Callback: Any = callback_class("Callback", ("lightning.pytorch", "pytorch_lightning"), "lightning!=2.6.2,!=2.6.3")


class KernelsCallback(Readings, Callback):
    """Settings are those of `Readings`. By default, layers are the module's children; if some of these (losses, metrics) are not called by
    `forward`, name the layers.
    """

    def on_train_start(self, trainer: Any, pl_module: nn.Module) -> None:
        """Takes the first reading, with the initial weights, after the validation sanity check."""
        if trainer.is_global_zero:
            self.start(pl_module, trainer.current_epoch, trainer.global_step)

    def on_train_batch_end(self, trainer: Any, pl_module: nn.Module, outputs: Any, batch: Any, batch_idx: int) -> None:
        """Takes a reading after a batch, if one is due."""
        self.after_step(trainer.current_epoch + bool(trainer.is_last_batch), trainer.global_step)

    def on_train_epoch_end(self, trainer: Any, pl_module: nn.Module) -> None:
        """Takes a reading after an epoch and its validation, if one is due."""
        self.after_epoch(trainer.current_epoch + 1, trainer.global_step)
