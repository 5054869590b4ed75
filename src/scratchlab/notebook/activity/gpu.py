"""This machine's GPUs, if there are any and nvidia-ml-py is installed."""

from __future__ import annotations

import importlib
import importlib.util
from typing import Any

from scratchlab.notebook.activity.processes import Gpu


def cards() -> tuple[Gpu, ...]:
    """The GPUs; none without driver, library or answer."""
    if importlib.util.find_spec("pynvml") is None:
        return ()
    nvml: Any = importlib.import_module("pynvml")
    try:
        nvml.nvmlInit()
    except nvml.NVMLError:
        return ()
    try:
        return tuple(_card(nvml, index) for index in range(nvml.nvmlDeviceGetCount()))
    except nvml.NVMLError:
        return ()
    finally:
        nvml.nvmlShutdown()


def _card(nvml: Any, index: int) -> Gpu:
    handle = nvml.nvmlDeviceGetHandleByIndex(index)
    name = nvml.nvmlDeviceGetName(handle)
    try:
        busy = nvml.nvmlDeviceGetUtilizationRates(handle).gpu / 100
    except nvml.NVMLError:  # not available for GPUs split into MIG instances
        busy = None
    try:
        pids = tuple(process.pid for process in nvml.nvmlDeviceGetComputeRunningProcesses(handle))
    except nvml.NVMLError:
        pids = ()
    return Gpu(index, name.decode() if isinstance(name, bytes) else name, busy, pids)
