"""Prints what measured times depend on: CPU, the instruction set that each library uses, threads, versions.

An older CPU can be emulated by switches of the libraries, set before Python starts; for example, on a CPU with AVX-512,

    export ATEN_CPU_CAPABILITY=avx2 ONEDNN_MAX_CPU_ISA=AVX2 MKL_ENABLE_INSTRUCTIONS=AVX2
    export OPENBLAS_CORETYPE=Haswell NUMBA_CPU_NAME=haswell NUMBA_CACHE_DIR=/tmp/haswell
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import cast

import numba
import numpy as np
import torch
from threadpoolctl import threadpool_info

SWITCHES = ("ATEN_CPU_CAPABILITY", "ONEDNN_MAX_CPU_ISA", "MKL_ENABLE_INSTRUCTIONS", "OPENBLAS_CORETYPE", "NUMBA_CPU_NAME")


def processor() -> str:
    """The CPU's name, from /proc/cpuinfo."""
    path = Path("/proc/cpuinfo")
    names = (
        [line.partition(":")[2].strip() for line in path.read_text().splitlines() if line.startswith("model name")] if path.exists() else []
    )
    return names[0] if names else "unknown processor"


def print_environment() -> None:
    """Print CPU, instruction sets, threads and versions in one line."""
    libraries = cast("list[dict[str, str]]", threadpool_info())
    blas = sorted({" ".join((lib["internal_api"], lib.get("architecture", ""))) for lib in libraries if lib["user_api"] == "blas"})
    switches = [f"{name}={os.environ[name]}" for name in SWITCHES if name in os.environ]
    print(
        f"{processor()}; torch {torch.__version__} {torch.backends.cpu.get_cpu_capability()}, {torch.get_num_threads()} thread(s); "
        f"numpy {np.__version__}, {', '.join(blas)}; numba {numba.__version__}" + "".join(f"; {switch}" for switch in switches),
        flush=True,
    )


if __name__ == "__main__":
    print_environment()
