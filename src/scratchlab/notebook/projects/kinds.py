"""The kind of a file or folder, by its name."""

from __future__ import annotations

import re
from typing import Literal

from scratchlab.notebook import walk

Kind = Literal["checkpoints", "data", "runs", "caches", "environments", "history", "text", "other"]

FOLDERS: dict[Kind, frozenset[str]] = {
    "environments": frozenset(
        ("venv", ".venv", "env", "node_modules", "site-packages", ".conda", "conda", "miniconda3", "anaconda3", ".tox")
    ),
    "caches": frozenset(
        (
            "__pycache__",
            ".cache",
            "cache",
            ".mypy_cache",
            ".ruff_cache",
            ".pytest_cache",
            ".ipynb_checkpoints",
            ".hypothesis",
            ".npm",
            "tmp",
        )
    ),
    "history": frozenset((".git", ".hg", ".svn")),
    "runs": frozenset(("runs", "run", "outputs", "output", "multirun", "wandb", "mlruns", "lightning_logs", "logs", "experiments", "exp")),
    "data": frozenset(("data", "dataset", "datasets", "corpora", "corpus", "features", "embeddings")),
    "checkpoints": frozenset(("checkpoints", "checkpoint", "ckpt", "ckpts", "weights", "models", "pretrained")),
}
NOT_OWN = walk.NEVER | FOLDERS["environments"] | FOLDERS["caches"] | FOLDERS["history"]  # folders without the user's own texts
BY_FOLDER: dict[str, Kind] = {name: kind for kind, names in FOLDERS.items() for name in names}

ALWAYS_CHECKPOINTS = (".pt", ".pth", ".ckpt", ".safetensors", ".onnx")
PERHAPS_CHECKPOINTS = (".bin", ".h5", ".hdf5", ".tar")  # checkpoints if their name or folder says so, else data
ENDS_OF_DATA = (  # includes JSON: large files are annotations, small ones hardly matter
    *(
        ".wav",
        ".flac",
        ".mp3",
        ".ogg",
        ".m4a",
        ".npy",
        ".npz",
        ".mat",
        ".pkl",
        ".pickle",
        ".parquet",
        ".arrow",
        ".feather",
        ".lmdb",
        ".mdb",
    ),
    *(".tfrecord", ".db", ".sqlite", ".csv", ".tsv", ".json", ".jsonl", ".zip", ".gz", ".tgz", ".xz", ".bz2", ".zst", ".7z"),
    *(".jpg", ".jpeg", ".png", ".bmp", ".tif", ".tiff", ".webp", ".mp4", ".mkv", ".avi"),
)
ENDS_OF_TEXT = (
    *("readme", "makefile", ".md", ".markdown", ".rst", ".toml", ".yaml", ".yml", ".json", ".ini", ".cfg", ".conf"),
    *(".sh", ".bash", ".sbatch", ".slurm", ".py"),
)
ENDS_OF_CODE = (".py", ".ipynb", ".c", ".cc", ".cpp", ".h", ".hpp", ".cu", ".rs", ".go", ".js", ".ts", ".jl")
_OF_A_MODEL = re.compile(r"model|weight|checkpoint|ckpt|best|last|epoch|state|optim", re.IGNORECASE)


def of_file(name: str) -> Kind | Literal["perhaps", "code"]:
    """The kind by the name alone; also `perhaps` (a checkpoint or data) and `code` (which marks its folder as source code).

    >>> [of_file(name) for name in ("best.pt", "pytorch_model.bin", "train.h5", "a.wav", "fit.py", "core")]
    ['checkpoints', 'checkpoints', 'perhaps', 'data', 'code', 'other']
    """
    name = name.lower()
    if name.endswith(ALWAYS_CHECKPOINTS):
        return "checkpoints"
    if name.endswith(PERHAPS_CHECKPOINTS):
        return "checkpoints" if _OF_A_MODEL.search(name) else "perhaps"
    if name.endswith(ENDS_OF_DATA):
        return "data"
    return "code" if name.endswith(ENDS_OF_CODE) else "text" if name.endswith(ENDS_OF_TEXT) else "other"


def within(folder: Kind, file: Kind | Literal["perhaps", "code"]) -> Kind:
    """The kind of a file within a folder of a kind."""
    if folder in ("environments", "caches", "history"):
        return folder
    if file == "checkpoints":
        return "checkpoints"
    if file == "perhaps":
        return "checkpoints" if folder in ("checkpoints", "runs") else "data"
    file = "text" if file == "code" else file
    return file if folder in ("other", "checkpoints") or (folder, file) == ("data", "text") else folder
