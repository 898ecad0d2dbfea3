"""Zstandard files: frames one after the other, each of which has to end."""

from __future__ import annotations

from dataclasses import dataclass
from typing import IO

import zstandard

_PACKED = 1 << 10
"""Bytes unpacked at once; of zstd they become at most 32 MiB."""


@dataclass(slots=True)
class Frames:
    """The content of zstd frames, each of which has to end."""

    packed: IO[bytes]
    rest: bytes = b""
    frame: zstandard.ZstdDecompressionObj | None = None

    def read(self, _size: int, /) -> bytes:
        """Some of the content; empty at the end."""
        while packed := self.rest or self.packed.read(_PACKED):
            frame = self.frame or zstandard.ZstdDecompressor().decompressobj()
            try:
                data = frame.decompress(packed)
            except zstandard.ZstdError as error:
                raise OSError(str(error)) from None
            self.rest = frame.unused_data
            self.frame = None if frame.eof else frame
            if data:
                return data
        if self.frame:
            raise EOFError("it ends too early")
        return b""
