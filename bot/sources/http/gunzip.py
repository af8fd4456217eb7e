"""Unpacks gzip piece by piece, up to a limit, since a thousand bytes can unpack to a million."""

import zlib

MAGIC = b"\x1f\x8b"
_GZIP = zlib.MAX_WBITS | 16


class TooLarge(Exception):
    """The unpacked content is larger than the limit."""


class Damaged(Exception):
    """The data is not gzip, or is damaged."""


class Gunzipper:
    """Unpacks the pieces of a gzip stream of one or more members."""

    def __init__(self, limit: int) -> None:
        self._left = limit
        self._stream = zlib.decompressobj(_GZIP)
        self._begun = False

    def feed(self, piece: bytes) -> bytes:
        """Returns the unpacked content of the next piece. Raises TooLarge, Damaged."""
        out = []
        try:
            while piece:
                if self._stream.eof:
                    if not piece.startswith(MAGIC[:1]):
                        break  # some servers append zeros
                    self._stream = zlib.decompressobj(_GZIP)
                self._begun = True
                found = self._stream.decompress(piece, self._left + 1)
                self._left -= len(found)
                if self._left < 0:
                    raise TooLarge
                out.append(found)
                piece = self._stream.unused_data
        except zlib.error:
            raise Damaged from None
        return b"".join(out)

    def end(self) -> None:
        """Ends the stream. Raises Damaged if something is missing."""
        if self._begun and not self._stream.eof:
            raise Damaged


def gunzipped(data: bytes, limit: int) -> bytes:
    """Returns the content of a gzip file; other data unchanged. Raises TooLarge, Damaged."""
    if not data.startswith(MAGIC):
        return data
    unpacker = Gunzipper(limit)
    found = unpacker.feed(data)
    unpacker.end()
    return found
