"""A set of queries as bytes, so that a start need not read a million queries again: `dump` and `load`.

    paperwire queries 3 <digest of all that follows, 32 bytes> <length of the table of contents, 8 bytes>
    {"order": "little", "parts": [["slots.uses", "q8", 577600], ["slots.words", "json", 91834], ...]}
    the parts, one after the other: numbers as in memory, texts as JSON

Bytes are data and never code. They are refused if a bit of them changed, and on a machine with other numbers.
"""

import json
import sys
from array import array
from hashlib import sha256

from subscriptions.matching.columns import State
from subscriptions.matching.query_set import QuerySet

_MAGIC = b"paperwire queries 3 "  # the number is raised when slots, features or the rules of words change
_DIGEST = 32  # bytes
_LENGTH = 8


class DamagedSnapshot(Exception):
    """Bytes that `load` refuses. The queries are to be read again."""


def dump(queries: QuerySet) -> bytes:
    """Returns a set as bytes: about 40 bytes for a different query."""
    return to_bytes(queries.state())


def load(data: bytes) -> QuerySet:
    """Returns the set in bytes. Raises DamagedSnapshot."""
    return QuerySet.restored(from_bytes(data))


def to_bytes(state: State) -> bytes:
    """Returns arrays of numbers, and lists that JSON can hold, as bytes."""
    parts = {name: _encoded(value) for name, value in state.items()}
    contents = {"order": sys.byteorder, "parts": [(name, kind, len(data)) for name, (kind, data) in parts.items()]}
    head = json.dumps(contents).encode()
    body = b"".join([len(head).to_bytes(_LENGTH, "little"), head, *(data for _, data in parts.values())])
    return _MAGIC + _digest(body) + body


def from_bytes(data: bytes) -> State:
    """Returns what `to_bytes` took. Raises DamagedSnapshot."""
    signed = memoryview(data)[len(_MAGIC) + _DIGEST :]
    if data[: len(_MAGIC) + _DIGEST] != _MAGIC + _digest(signed):
        raise DamagedSnapshot
    at = _LENGTH + int.from_bytes(signed[:_LENGTH], "little")
    contents = json.loads(bytes(signed[_LENGTH:at]))
    if contents["order"] != sys.byteorder:
        raise DamagedSnapshot
    state: State = {}
    for name, kind, length in contents["parts"]:
        state[name] = _decoded(kind, signed[at : at + length])
        at += length
    return state


def _encoded(value: "array[int] | object") -> tuple[str, bytes]:
    """Returns the kind of a part and its bytes."""
    if isinstance(value, array):
        return f"{value.typecode}{value.itemsize}", value.tobytes()
    return "json", json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode()


def _decoded(kind: str, data: memoryview) -> object:
    if kind == "json":
        return json.loads(bytes(data))
    numbers = array(kind[0])
    if f"{numbers.typecode}{numbers.itemsize}" != kind:
        raise DamagedSnapshot
    numbers.frombytes(data)
    return numbers


def _digest(body: bytes | memoryview) -> bytes:
    return sha256(body).digest()
