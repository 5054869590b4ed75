"""Kernels read while the Trainer of Hugging Face's transformers trains::

    from scratchlab.observe.callbacks.hugging_face import KernelsCallback

    kernels = KernelsCallback({"valid": (ids, labels)}, "kernels.parquet", layers=["bert.encoder.layer.*"])
    Trainer(model, arguments, train_dataset=train, callbacks=[kernels]).train()

`forward` says how a model takes more than one tensor, as with a mask beside the ids, `[n, 2, t]`::

    forward=lambda model, both: model(input_ids=both[:, 0], attention_mask=both[:, 1])
"""

from __future__ import annotations

from typing import Any

from torch import nn

from scratchlab.observe.callbacks.readings import Readings, base

TrainerCallback: Any = base("TrainerCallback", ("transformers",), "transformers")


class KernelsCallback(Readings, TrainerCallback):
    """Settings are those of `Readings`. Layers should be named: of a pattern `layer.*`, every module inside is one."""

    def on_train_begin(self, args: Any, state: Any, control: Any, *, model: nn.Module, **_: Any) -> None:
        """Weights are where training begins."""
        if state.is_world_process_zero:
            self.begins(model, int(state.epoch or 0), state.global_step)

    def on_step_end(self, args: Any, state: Any, control: Any, **_: Any) -> None:
        """After a step of the optimizer."""
        self.after_step(int(state.epoch), state.global_step)

    def on_epoch_end(self, args: Any, state: Any, control: Any, **_: Any) -> None:
        """After an epoch, before its evaluation."""
        self.after_epoch(round(state.epoch), state.global_step)
