"""Two processes give what one gives."""

from __future__ import annotations

import os
from pathlib import Path

import numpy as np
import pytest
import torch

from scratchlab.learn import parallel
from tests.learning.conftest import Kept, Watch, in_two_processes, learner, problem, trainer


def trained(kind: str) -> tuple[dict[str, np.ndarray], list[dict[str, object]]]:
    torch.set_num_threads(1)
    one, watch = learner(kind), Watch()
    trainer(Kept(), watch, epochs=3, batch=24).train(one, problem(), problem(40, seed=1))
    return {name: tensor.numpy().copy() for name, tensor in one.module.state_dict().items()}, watch.records


def work(rank: int, port: int, kind: str, folder: str) -> None:
    os.environ |= {"MASTER_ADDR": "127.0.0.1", "MASTER_PORT": str(port), "RANK": str(rank), "WORLD_SIZE": "2", "GLOO_SOCKET_IFNAME": "lo"}
    with parallel.processes():
        assert parallel.shared(f"from {rank}") == "from 0"
        weights, records = trained(kind)
    np.savez(Path(folder) / f"{rank}.npz", losses=[record["loss"] for record in records], **weights)


@pytest.mark.parametrize("kind", ["mlp", "conv4"])
def test_two_processes_give_the_result_of_one(kind: str, tmp_path: Path) -> None:
    """Batch statistics, gradients and validation are those of the whole batch; conv4 has batch normalisation."""
    in_two_processes(work, kind, str(tmp_path))
    first, second = (dict(np.load(tmp_path / f"{rank}.npz")) for rank in (0, 1))
    alone, records = trained(kind)
    assert np.allclose(first.pop("losses"), [record["loss"] for record in records], rtol=1e-4)
    second.pop("losses")
    for name, expected in alone.items():
        assert np.array_equal(first[name], second[name]), name
        assert np.allclose(first[name], expected, rtol=1e-3, atol=1e-4), name
