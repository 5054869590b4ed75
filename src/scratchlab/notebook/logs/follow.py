"""The lines of a log file, whatever its encoding: all of them, or only the new ones."""

from __future__ import annotations

import codecs
from collections.abc import Iterator
from pathlib import Path

from scratchlab.checks import Problem

_CHUNK = 1 << 20  # bytes
_MARKS = ((codecs.BOM_UTF8, "utf-8"), (codecs.BOM_UTF16_LE, "utf-16-le"), (codecs.BOM_UTF16_BE, "utf-16-be"))


class Tail:
    """A file that may grow: `new()` yields the complete lines since the last call.

    restarts: how often the file was truncated or replaced; a reader should then start again, too.
    """

    def __init__(self, path: Path) -> None:
        self.path, self.restarts = path, 0
        self._begin()

    def _begin(self) -> None:
        self._at, self._rest, self._identity = 0, "", (0, 0)
        self._decoder: codecs.IncrementalDecoder | None = None

    def new(self) -> Iterator[str]:
        """Yields the lines completed since the last call. Raises Problem if the file cannot be read."""
        try:
            with self.path.open("rb") as file:
                state = self.path.stat()
                identity = (state.st_dev, state.st_ino)
                if self._at and (state.st_size < self._at or identity != self._identity):
                    self.restarts += 1
                    self._begin()
                self._identity = identity
                file.seek(self._at)
                while chunk := file.read(_CHUNK):
                    self._at += len(chunk)
                    yield from self._lines(chunk)
        except IsADirectoryError:
            raise Problem(f"{self.path} is a folder; name a log file.") from None
        except OSError as error:
            raise Problem(f"{self.path} cannot be read: {(error.strerror or str(error)).lower()}.") from None

    def end(self) -> Iterator[str]:
        """Yields the incomplete last line, if there is one."""
        if self._rest:
            yield self._rest

    def _lines(self, chunk: bytes) -> list[str]:
        if self._decoder is None:
            mark, encoding = next(((mark, encoding) for mark, encoding in _MARKS if chunk.startswith(mark)), (b"", "utf-8"))
            chunk = chunk[len(mark) :]
            self._decoder = codecs.getincrementaldecoder(encoding)(errors="replace")
        *lines, self._rest = (self._rest + self._decoder.decode(chunk)).split("\n")
        return lines


def text_lines(path: Path) -> Iterator[str]:
    """Yields all lines of a file, including an incomplete last one. Raises Problem if the file cannot be read."""
    tail = Tail(path)
    yield from tail.new()
    yield from tail.end()
