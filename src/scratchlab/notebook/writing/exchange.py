"""Two files trade names in one step: what stood under a name is then under the other, whoever put it there, and never gone.

Linux: renameat2(2) with RENAME_EXCHANGE, which Python does not offer.
"""

from __future__ import annotations

import ctypes
import errno
import os
from pathlib import Path

_HERE = -100  # AT_FDCWD: relative paths are meant from the working folder
_EXCHANGE = 2
_CANNOT = (errno.EINVAL, errno.ENOSYS, errno.EOPNOTSUPP)


def exchanged(one: Path, other: Path) -> bool:
    """Whether they have traded names; False where the system or its file system does not know how. Raises OSError for all else."""
    library = ctypes.CDLL(None, use_errno=True)
    if not hasattr(library, "renameat2"):
        return False
    if library.renameat2(_HERE, os.fsencode(one), _HERE, os.fsencode(other), _EXCHANGE) == 0:
        return True
    number = ctypes.get_errno()
    if number in _CANNOT:
        return False
    raise OSError(number, os.strerror(number), str(one), None, str(other))
