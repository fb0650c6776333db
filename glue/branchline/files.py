"""File objects over lakeFS objects: what a reader sees is complete, and what a writer wrote appears when it is closed."""

from __future__ import annotations

import io
import tempfile
from types import TracebackType
from typing import IO, Any, Callable, Optional, Type

# Larger ones go through a file on disk.
_IN_MEMORY = 16 * 1024 * 1024


def buffer(size: int = _IN_MEMORY + 1) -> IO[bytes]:
    """Room for so many bytes: memory, or a temporary file."""
    return io.BytesIO() if size <= _IN_MEMORY else tempfile.TemporaryFile(prefix="branchline-")


class Writer(io.BufferedIOBase):
    """Collects what is written and hands it over on ``close()``.

    Left by an exception, or forgotten, it hands over nothing: a half-written object never appears.

    :param publish: takes the content, positioned at its beginning, and its size in bytes.
    """

    def __init__(self, publish: Callable[[IO[bytes], int], None]) -> None:
        super().__init__()
        self._publish = publish
        self._room: IO[bytes] = io.BytesIO()
        self._on_disk = False

    def writable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def tell(self) -> int:
        return self._room.tell()

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        return self._room.seek(offset, whence)

    def write(self, data: Any) -> int:
        self._check()
        written = self._room.write(data)
        if not self._on_disk and self._room.tell() > _IN_MEMORY:
            disk = tempfile.TemporaryFile(prefix="branchline-")
            disk.write(self._room.getvalue())  # type: ignore[attr-defined]
            disk.seek(self._room.tell())
            self._room, self._on_disk = disk, True
        return written

    def _check(self) -> None:
        if self.closed:
            raise ValueError("write to a closed file")

    def discard(self) -> None:
        """Closes without handing over."""
        if not self.closed:
            self._room.close()
            super().close()

    def close(self) -> None:
        if self.closed:
            return
        try:
            size = self._room.seek(0, io.SEEK_END)
            self._room.seek(0)
            self._publish(self._room, size)
        finally:
            self.discard()

    def __exit__(
        self, kind: Optional[Type[BaseException]], error: Optional[BaseException], trace: Optional[TracebackType]
    ) -> None:
        if kind is None:
            self.close()
        else:
            self.discard()

    def __del__(self) -> None:
        self.discard()


class TextWriter(io.TextIOWrapper):
    """The same for text."""

    def __init__(self, writer: Writer, encoding: str, newline: Optional[str]) -> None:
        super().__init__(writer, encoding=encoding, newline=newline)  # type: ignore[arg-type]
        self._writer = writer

    def __exit__(
        self, kind: Optional[Type[BaseException]], error: Optional[BaseException], trace: Optional[TracebackType]
    ) -> None:
        if kind is not None:
            self._writer.discard()
            return
        self.close()

    def __del__(self) -> None:
        self._writer.discard()
