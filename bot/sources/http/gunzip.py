"""gzip, unpacked bit by bit and never beyond a limit: a thousand bytes can hold a million."""

import zlib

MAGIC = b"\x1f\x8b"
_GZIP = zlib.MAX_WBITS | 16


class TooLarge(Exception):
    """More than the limit came out."""


class Damaged(Exception):
    """It is not gzip, or broken."""


class Gunzipper:
    """Takes pieces of a gzip stream, of one member or several, and gives what they hold."""

    def __init__(self, limit: int) -> None:
        self._left = limit
        self._stream = zlib.decompressobj(_GZIP)
        self._begun = False

    def feed(self, piece: bytes) -> bytes:
        """What comes out of the next piece. Raises TooLarge, Damaged."""
        out = []
        try:
            while piece:
                if self._stream.eof:
                    if not piece.startswith(MAGIC[:1]):
                        break  # some servers pad with zeros
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
        """Nothing follows. Raises Damaged when something is missing."""
        if self._begun and not self._stream.eof:
            raise Damaged


def gunzipped(data: bytes, limit: int) -> bytes:
    """The content of a gzip file; anything else as it is. Raises TooLarge, Damaged."""
    if not data.startswith(MAGIC):
        return data
    unpacker = Gunzipper(limit)
    found = unpacker.feed(data)
    unpacker.end()
    return found
