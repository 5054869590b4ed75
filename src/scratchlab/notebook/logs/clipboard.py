"""Reads the clipboard with whatever program the desktop offers."""

from __future__ import annotations

import shutil
import subprocess

from scratchlab.checks import Problem, listing

READERS = {  # program: command that prints the clipboard
    "wl-paste": ("wl-paste", "--no-newline"),
    "xclip": ("xclip", "-selection", "clipboard", "-out"),
    "xsel": ("xsel", "--clipboard", "--output"),
    "pbpaste": ("pbpaste",),
    "powershell.exe": ("powershell.exe", "-NoProfile", "-Command", "Get-Clipboard -Raw"),
}
_PATIENCE = 10  # seconds


def text() -> str:
    """The clipboard's text. Raises Problem if no suitable program is installed, or all of them fail."""
    present = [name for name in READERS if shutil.which(name)]
    if not present:
        raise Problem(
            f"No program that reads the clipboard is installed; install one of {listing(READERS)}, name a file, or pipe the log in."
        )
    error_message = ""
    for name in present:
        try:
            done = subprocess.run(READERS[name], capture_output=True, timeout=_PATIENCE, check=False)
        except (OSError, subprocess.TimeoutExpired) as error:
            error_message = error_message or f"{name}: {error}"
            continue
        if done.returncode == 0:
            return done.stdout.decode(errors="replace")
        error_message = error_message or f"{name}: {done.stderr.decode(errors='replace').strip() or 'it failed'}"
    raise Problem(f"The clipboard could not be read ({error_message}); name a file, or pipe the log in.")
