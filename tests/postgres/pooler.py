"""A small pooler in transaction mode. Clients share one session of the server; each transaction waits until it is free.

Like PgBouncer, it answers a client's startup message itself, so the client's session settings do not reach the server.
The pooler refuses a client that sends `options`, unless `ignores_options` is set.
"""

import socket
import struct
import threading
from contextlib import closing, suppress
from pathlib import Path
from queue import Queue

from tests.patience import PATIENCE
from tests.postgres.cluster import SUPERUSER

_PROTOCOL = 196_608  # protocol version 3.0
_ENDS_BATCH = (b"Q", b"S")  # client messages that the server answers with ReadyForQuery
_IDLE = b"I"  # ReadyForQuery outside a transaction


class Pooler:
    """Listens in `folder`, like a server. Its clients share one database of the server in the folder `behind`."""

    def __init__(self, folder: Path, behind: Path, database: str, *, ignores_options: bool) -> None:
        self._ignores_options = ignores_options
        self._free: Queue[socket.socket] = Queue()
        self._session = _session(behind / ".s.PGSQL.5432", database)
        self._free.put(self._session)
        self._listener = socket.socket(socket.AF_UNIX)
        self._listener.bind(str(folder / ".s.PGSQL.5432"))
        self._listener.listen()
        self._clients: list[socket.socket] = []
        threading.Thread(target=self._accept, daemon=True).start()

    def close(self) -> None:
        self._listener.shutdown(socket.SHUT_RDWR)
        for one in (self._listener, *self._clients, self._session):
            one.close()

    def _accept(self) -> None:
        with suppress(OSError):
            while True:
                client, _ = self._listener.accept()
                self._clients.append(client)
                threading.Thread(target=self._serve, args=(client,), daemon=True).start()

    def _serve(self, client: socket.socket) -> None:
        with suppress(OSError, EOFError):
            (length,) = struct.unpack("!I", _exactly(client, 4))
            asked = _exactly(client, length - 4)[4:].split(b"\0")
            if b"options" in asked and not self._ignores_options:
                client.sendall(_message(b"E", b"SFATAL\0VFATAL\0C08P01\0Munsupported startup parameter: options\0\0"))
                client.close()
                return
            facts = {b"server_version": b"18.0", b"client_encoding": b"UTF8", b"standard_conforming_strings": b"on"}
            told = b"".join(_message(b"S", name + b"\0" + value + b"\0") for name, value in facts.items())
            key = _message(b"K", struct.pack("!II", 4_242, 4_242))
            client.sendall(_message(b"R", struct.pack("!I", 0)) + told + key + _message(b"Z", _IDLE))
            while True:
                self._transaction(client)

    def _transaction(self, client: socket.socket) -> None:
        """Forwards one transaction, from its first message until the server is idle again."""
        first = _read(client)
        if first[0] == b"X":
            raise EOFError
        session = self._free.get(timeout=PATIENCE)
        try:
            state, message = b"", first
            while state != _IDLE:
                session.sendall(_message(*message))
                if message[0] in _ENDS_BATCH:
                    while (answer := _read(session))[0] != b"Z":
                        client.sendall(_message(*answer))
                    client.sendall(_message(*answer))
                    state = answer[1]
                if state != _IDLE:
                    message = _read(client)
        finally:
            self._free.put(session)


def pooler(folder: Path, behind: Path, database: str, *, ignores_options: bool) -> closing[Pooler]:
    return closing(Pooler(folder, behind, database, ignores_options=ignores_options))


def _session(path: Path, database: str) -> socket.socket:
    session = socket.socket(socket.AF_UNIX)
    session.connect(str(path))
    asked = b"".join(text.encode() + b"\0" for text in ("user", SUPERUSER, "database", database, ""))
    session.sendall(struct.pack("!II", len(asked) + 8, _PROTOCOL) + asked)
    while _read(session)[0] != b"Z":
        pass
    return session


def _read(from_: socket.socket) -> tuple[bytes, bytes]:
    """Reads one message. Returns its kind and its content."""
    kind = _exactly(from_, 1)
    (length,) = struct.unpack("!I", _exactly(from_, 4))
    return kind, _exactly(from_, length - 4)


def _message(kind: bytes, said: bytes) -> bytes:
    return kind + struct.pack("!I", len(said) + 4) + said


def _exactly(from_: socket.socket, size: int) -> bytes:
    found = b""
    while len(found) < size:
        part = from_.recv(size - len(found))
        if not part:
            raise EOFError
        found += part
    return found
