"""What a measured ratio depends on, in a line above it: processor, widest instructions that each library takes, threads, versions.

A weaker machine can be stood in for by the libraries' own switches, set before Python starts; on one with AVX-512, for instance,

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
    """Its name as Linux gives it."""
    path = Path("/proc/cpuinfo")
    names = (
        [line.partition(":")[2].strip() for line in path.read_text().splitlines() if line.startswith("model name")] if path.exists() else []
    )
    return names[0] if names else "unknown processor"


def tell() -> None:
    """Prints the line."""
    libraries = cast("list[dict[str, str]]", threadpool_info())
    blas = sorted({" ".join((one["internal_api"], one.get("architecture", ""))) for one in libraries if one["user_api"] == "blas"})
    set_here = [f"{name}={os.environ[name]}" for name in SWITCHES if name in os.environ]
    print(
        f"{processor()}; torch {torch.__version__} {torch.backends.cpu.get_cpu_capability()}, {torch.get_num_threads()} thread(s); "
        f"numpy {np.__version__}, {', '.join(blas)}; numba {numba.__version__}" + "".join(f"; {one}" for one in set_here),
        flush=True,
    )


if __name__ == "__main__":
    tell()
