"""CKA of layers during training with the Trainer of Hugging Face's transformers::

    from scratchlab.observe.callbacks.hugging_face import KernelsCallback

    kernels = KernelsCallback({"valid": (ids, labels)}, "kernels.parquet", layers=["bert.encoder.layer.*"])
    Trainer(model, arguments, train_dataset=train, callbacks=[kernels]).train()

For models with more than one input tensor, stack them and give `forward`; with input ids and attention mask as `[n, 2, t]`::

    forward=lambda model, stacked: model(input_ids=stacked[:, 0], attention_mask=stacked[:, 1])
"""

from __future__ import annotations

from typing import Any

from torch import nn

from scratchlab.observe.callbacks.readings import Readings, callback_class

TrainerCallback: Any = callback_class("TrainerCallback", ("transformers",), "transformers")


class KernelsCallback(Readings, TrainerCallback):
    """Settings are those of `Readings`. Name the layers precisely: a pattern `layer.*` matches every module inside."""

    def on_train_begin(self, args: Any, state: Any, control: Any, *, model: nn.Module, **_: Any) -> None:
        """Takes the first reading, with the initial weights."""
        if state.is_world_process_zero:
            self.start(model, int(state.epoch or 0), state.global_step)

    def on_step_end(self, args: Any, state: Any, control: Any, **_: Any) -> None:
        """Takes a reading after an optimizer step, if one is due."""
        self.after_step(int(state.epoch), state.global_step)

    def on_epoch_end(self, args: Any, state: Any, control: Any, **_: Any) -> None:
        """Takes a reading after an epoch, before its evaluation, if one is due."""
        self.after_epoch(round(state.epoch), state.global_step)
