"""The clipboard's text, by the program that the desktop has for it."""

from __future__ import annotations

import shutil
import subprocess

from scratchlab.checks import Problem, listing

READERS = {  # program: how it prints the clipboard
    "wl-paste": ("wl-paste", "--no-newline"),
    "xclip": ("xclip", "-selection", "clipboard", "-out"),
    "xsel": ("xsel", "--clipboard", "--output"),
    "pbpaste": ("pbpaste",),
    "powershell.exe": ("powershell.exe", "-NoProfile", "-Command", "Get-Clipboard -Raw"),
}
_PATIENCE = 10  # seconds


def text() -> str:
    """What was copied; raises Problem if no program is there that tells, or none could."""
    present = [name for name in READERS if shutil.which(name)]
    if not present:
        raise Problem(
            f"There is no program here that reads the clipboard; install one of {listing(READERS)}, name a file, or pipe the log in."
        )
    said = ""
    for name in present:
        try:
            done = subprocess.run(READERS[name], capture_output=True, timeout=_PATIENCE, check=False)
        except (OSError, subprocess.TimeoutExpired) as error:
            said = said or f"{name}: {error}"
            continue
        if done.returncode == 0:
            return done.stdout.decode(errors="replace")
        said = said or f"{name}: {done.stderr.decode(errors='replace').strip() or 'it failed'}"
    raise Problem(f"The clipboard could not be read ({said}); name a file, or pipe the log in.")
